"""The page of one type, and what a broken plugin means for it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import ClassVar

import pytest

from tiercel.errors import PluginError, UnknownTypeError
from tiercel.plugin import Example, Output, Property, RunContext, Task, hookimpl
from tiercel.plugin.registry import Plugin, Registry
from tiercel.schema.docs import all_pages, type_page
from tiercel.schema.types import describe, find


class Sizes(Output):
    width: int
    """How wide it is."""


class Measure(Task[Sizes]):
    """Measure a thing.

    As often as needed.
    """

    deprecated: ClassVar[str | None] = "Use x.Weigh"
    examples: ClassVar[tuple[Example, ...]] = (
        Example("Fenced text", "id: a\nbody: |\n  ```\n  x\n  ```\n", full=False),
    )

    times: Property[int] = Property.of(3)
    """How often."""
    thing: str
    """What to measure."""

    def run(self, ctx: RunContext) -> Sizes:
        return Sizes(width=1)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A plugin with one type that works and one that cannot be imported, and a broken plugin."""
    made = ModuleType("measures")
    made.Measure = Measure
    monkeypatch.setitem(sys.modules, "measures", made)
    hooks = ModuleType("hooks")
    hooks.register_tasks = hookimpl(
        lambda: {("x.Measure", "x.Old"): "measures:Measure", "x.Broken": "measures:Missing"}
    )

    def broken() -> ModuleType:
        raise ImportError("No module named 'boto3'")

    return Registry(
        [
            (Plugin("good", "good", "tiercel-good", "1.2"), lambda: hooks),
            (Plugin("aws", "aws", "tiercel-aws", "0.3"), broken),
        ]
    )


@pytest.fixture
def page(registry: Registry) -> str:
    kind, entry, cls = find(registry, "x.Old")
    return type_page(describe(entry, cls), kind)


def test_a_page_begins_with_what_the_type_is(page: str) -> None:
    assert page.startswith(
        "# Measure\n\n```yaml\ntype: x.Measure\n```\n\n"
        "A task of the package `tiercel-good`, version 1.2.\n\n"
        "Older names that work as well: `x.Old`.\n\n"
        "> **Deprecated.** Use x.Weigh.\n\n"
        "Measure a thing.\n\nAs often as needed.\n\n"
    )


def test_a_property_has_type_and_default_and_those_required_come_first(page: str) -> None:
    assert "### `times`\n\ninteger, dynamic\n\nHow often.\n\nDefault: `3`\n" in page
    assert "### `thing`\n\nstring, required\n\nWhat to measure.\n" in page
    assert page.index("### `thing`") < page.index("### `times`")
    assert page.index("### `times`") < page.index("## Properties of every task")


def test_outputs_are_listed(page: str) -> None:
    assert "## Outputs\n\n- `width` (integer): How wide it is.\n" in page


def test_an_example_may_hold_a_fence_itself(page: str) -> None:
    assert "Fenced text (a part of a flow):\n\n````yaml\nid: a\n" in page


def test_what_is_broken_has_no_page_and_is_told(registry: Registry) -> None:
    pages = all_pages(registry)
    assert sorted(pages.texts) == ["index.md", "tiercel-good/index.md", "tiercel-good/x.Measure.md"]
    assert pages.problems == (
        "Plugin tiercel-aws 0.3 is broken: ImportError: No module named 'boto3'",
        "Plugin tiercel-good 1.2 cannot provide 'x.Broken': "
        "AttributeError: module 'measures' has no attribute 'Missing'",
    )


def test_a_type_of_a_broken_plugin_is_not_told_to_be_installed(registry: Registry) -> None:
    name = "io.kestra.plugin.aws.s3.Upload"
    with pytest.raises(PluginError) as told:
        find(registry, name)
    assert str(told.value) == (
        f"Plugin tiercel-aws 0.3 cannot provide '{name}': ImportError: No module named 'boto3'"
    )


def test_a_type_that_nobody_brings_is_told_with_the_nearest(registry: Registry) -> None:
    with pytest.raises(UnknownTypeError, match=r"did you mean 'x\.Measure'"):
        find(registry, "x.Measur")
