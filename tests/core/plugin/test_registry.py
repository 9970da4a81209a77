"""Which types there are, who brings them, and what a plugin that is broken costs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest

from tiercel.errors import PluginError, UnknownTypeError
from tiercel.plugin import hookimpl
from tiercel.plugin.registry import HOOKS, Plugin, Registry


def module(**hooks: Callable[[], Any]) -> ModuleType:
    """Return a hook module that implements these hooks."""
    made = ModuleType("hooks")
    for name, function in hooks.items():
        setattr(made, name, hookimpl(function))
    return made


def plugin(name: str) -> Plugin:
    return Plugin(name, f"{name}.hooks", f"tiercel-{name}", "1.2")


def registry(**modules: ModuleType | Exception | SystemExit) -> Registry:
    """Return a registry of plugins by name; an exception is what importing its module raises."""

    def loader(found: ModuleType | BaseException) -> Callable[[], ModuleType]:
        def load() -> ModuleType:
            if isinstance(found, BaseException):
                raise found
            return found

        return load

    return Registry([(plugin(name), loader(found)) for name, found in modules.items()])


def tasks(*names: str | tuple[str, ...], target: str = "builtins:int") -> ModuleType:
    """Return a hook module that lists task types."""
    return module(register_tasks=lambda: dict.fromkeys(names, target))


def test_a_type_is_imported_when_it_is_first_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModuleType("late")
    made.Class = int
    known = registry(a=tasks("x.A", target="late:Class"))
    assert [entry.name for entry in known.canonical("task")] == ["x.A"]
    monkeypatch.setitem(sys.modules, "late", made)
    assert known.load("task", "x.A") is int


def test_an_attribute_may_be_inside_another() -> None:
    assert registry(a=tasks("x.A", target="builtins:int.from_bytes")).load("task", "x.A")


def test_a_hook_module_is_imported_once_and_only_on_demand() -> None:
    loaded = []

    def load() -> ModuleType:
        loaded.append(1)
        return tasks("x.A")

    known = Registry([(plugin("a"), load)])
    assert loaded == []
    known.registered("task")
    known.registered("filter")
    assert loaded == [1]


def test_older_names_lead_to_the_same_class() -> None:
    known = registry(a=tasks(("x.New", "x.Old", "x.Older")))
    assert known.load("task", "x.Old") is known.load("task", "x.New")
    assert [entry.name for entry in known.canonical("task")] == ["x.New"]


@pytest.mark.parametrize(("kind", "hook"), HOOKS.items())
def test_every_kind_has_its_hook(kind: str, hook: str) -> None:
    known = registry(a=module(**{hook: lambda: {"name": "builtins:int"}}))
    assert known.load(kind, "name") is int
    assert dict(known.table(kind)) == {"name": int}
    assert [each for each in HOOKS if known.registered(each)] == [kind]


def test_a_table_knows_its_names_without_importing_anything() -> None:
    table = registry(a=tasks("x.A", target="no_such_module:X")).table("task")
    assert ("x.A" in table, "x.B" in table, list(table), len(table)) == (True, False, ["x.A"], 1)
    with pytest.raises(KeyError):
        table["x.B"]


# Unknown types


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("io.example.log.Logg", "io.example.log.Log"),
        ("io.example.logs.log.Log", "io.example.log.Log"),
        ("org.other.HttpRequest", "io.example.http.HttpRequest"),
        ("nothing.like.it", None),
    ],
)
def test_an_unknown_type_is_told_with_the_nearest(name: str, nearest: str | None) -> None:
    known = registry(a=tasks("io.example.log.Log", "io.example.http.HttpRequest"))
    with pytest.raises(UnknownTypeError) as error:
        known.resolve(name, "task")
    assert (error.value.type_name, error.value.suggestion) == (name, nearest)


def test_a_type_of_a_package_that_is_not_installed_names_the_package() -> None:
    with pytest.raises(UnknownTypeError, match="install it with `pip install tiercel-http`"):
        registry().resolve("io.kestra.plugin.core.http.Request", "task")


def test_a_package_that_is_installed_is_not_to_be_installed() -> None:
    known = registry(http=tasks("io.kestra.plugin.core.http.Request"))
    with pytest.raises(UnknownTypeError) as error:
        known.resolve("io.kestra.plugin.core.http.Requests", "task")
    assert error.value.package is None
    assert error.value.suggestion == "io.kestra.plugin.core.http.Request"


# Broken plugins


def raising(error: BaseException) -> Callable[[], Any]:
    def hook() -> Any:
        raise error

    return hook


BROKEN = {
    "its import fails": (ImportError("no lxml"), "ImportError: no lxml"),
    "its import exits": (SystemExit(4), "SystemExit: 4"),
    "its hook fails": (module(register_tasks=raising(ValueError("x"))), "register_tasks: Value"),
    "its hook exits": (module(register_tasks=raising(SystemExit())), "register_tasks: SystemExit"),
    "its hook gives a number": (module(register_tasks=lambda: 1), "register_tasks: Attribute"),
    "its hook has no such name": (module(register_taks=lambda: {}), "unknown hook 'register_taks'"),
    "its hook wants an argument": (module(register_tasks=lambda one: {}), "register_tasks"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_told_by_name_and_takes_nothing_down(case: str) -> None:
    found, reason = BROKEN[case]
    known = registry(broken=found, sound=tasks("x.A"))
    (broken,) = known.broken()
    assert broken.plugin.package == "tiercel-broken"
    assert reason in broken.error
    assert known.load("task", "x.A") is int


@pytest.mark.parametrize("target", ["no_such_module:X", "builtins:NoSuch", ""])
def test_a_type_that_cannot_be_imported_names_its_plugin(target: str) -> None:
    known = registry(a=tasks("x.A", target=target))
    with pytest.raises(PluginError, match=r"Plugin tiercel-a 1\.2 cannot provide 'x\.A'"):
        known.load("task", "x.A")


def test_a_type_that_two_plugins_claim_belongs_to_neither() -> None:
    known = registry(a=tasks("x.A", "x.Both"), b=tasks("x.B", ("x.New", "x.Both")))
    message = "Both tiercel-a and tiercel-b bring the task 'x.Both'; uninstall one of them"
    with pytest.raises(PluginError) as error:
        known.load("task", "x.Both")
    assert str(error.value) == message
    assert [each.error for each in known.broken()] == [message]
    assert {entry.name for entry in known.canonical("task")} == {"x.A", "x.B", "x.New"}


def test_a_plugin_may_list_a_name_for_several_kinds() -> None:
    hooks = {"register_tasks": lambda: {"x": "builtins:int"}}
    hooks["register_triggers"] = lambda: {"x": "builtins:str"}
    known = registry(a=module(**hooks))
    assert (known.load("task", "x"), known.load("trigger", "x")) == (int, str)
    assert known.broken() == []


def test_the_environment_says_which_plugins_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERCEL_LOAD_PLUGINS", "log, sql")
    assert names(Registry().plugins()) == ["log", "sql"]


def names(plugins: Iterable[Plugin]) -> list[str]:
    return [each.name for each in plugins]
