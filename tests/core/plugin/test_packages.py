from __future__ import annotations

from pathlib import Path

import pytest

from tiercel.errors import PluginError, UnknownTypeError
from tiercel.parts import open_storage
from tiercel.plugin.packages import package_for, package_for_back_end, stand_in_for
from tiercel.plugin.registry import Registry
from tiercel.settings import Settings

TYPES = ("task", "trigger", "condition", "task runner")
BACK_ENDS = ("storage", "repository")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry()


@pytest.mark.parametrize("kind", BACK_ENDS)
def test_the_package_of_each_back_end_of_ours_is_known(kind: str, registry: Registry) -> None:
    for entry in registry.canonical(kind):
        assert package_for_back_end(kind, entry.name) == entry.plugin.package


@pytest.mark.parametrize("kind", TYPES)
def test_the_package_of_each_type_of_ours_is_known(kind: str, registry: Registry) -> None:
    found = {each.name: package_for(each.name) for each in registry.canonical(kind)}
    actual = {each.name: each.plugin.package for each in registry.canonical(kind)}
    assert found == actual


def test_nothing_is_said_of_what_is_not_ours() -> None:
    assert package_for("com.example.hello.Reverse") is None
    assert package_for_back_end("repository", "mysql") is None


def test_a_storage_that_is_not_installed_is_told_by_its_package(tmp_path: Path) -> None:
    settings = Settings.read({"TIERCEL_STORAGE": "s3://bucket"}, tmp_path)
    with pytest.raises(PluginError, match="'s3'; install it with `pip install tiercel-aws`"):
        open_storage(settings, Registry([]))


def test_a_type_that_needs_a_jvm_is_told_with_what_does_the_same() -> None:
    jython = "io.kestra.plugin.scripts.jython.FileTransform"
    assert stand_in_for(jython) == "io.kestra.plugin.scripts.python.Script"
    assert stand_in_for("io.kestra.plugin.scripts.groovy.Script") is None
    with pytest.raises(UnknownTypeError, match=r"groovy\.Script") as unknown:
        Registry().resolve("io.kestra.plugin.scripts.groovy.Eval", "task")
    assert unknown.value.suggestion == "io.kestra.plugin.scripts.groovy.Script"
