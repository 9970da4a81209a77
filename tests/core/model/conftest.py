from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from pydantic import Field

from tiercel.errors import PluginError, UnknownTypeError
from tiercel.model.load import Report, examine, load
from tiercel.model.task import AnyTask, TaskBase
from tiercel.model.trigger import ConditionBase, TriggerBase


class Echo(TaskBase):
    """Stands for any plugin's task."""

    type_name: ClassVar[str] = "test.Echo"
    text: str | None = None
    level: int = Field(default=0, ge=0, le=9)
    options: dict[str, Any] | None = None


class Say(TaskBase):
    type_name: ClassVar[str] = "test.Say"
    message: str


class Group(TaskBase):
    type_name: ClassVar[str] = "test.Group"
    runnable: ClassVar[bool] = False
    tasks: list[AnyTask] = Field(min_length=1)
    errors: list[AnyTask] | None = None


class OldGroup(Group):
    type_name: ClassVar[str] = "test.OldGroup"
    deprecated: ClassVar[str | None] = "test.Group"


class Call(TaskBase):
    type_name: ClassVar[str] = "test.Call"
    runs_flow: ClassVar[bool] = True
    namespace: str
    flow_id: str


class Clock(TriggerBase):
    type_name: ClassVar[str] = "test.Clock"
    cron: str


class Weekday(ConditionBase):
    type_name: ClassVar[str] = "test.Weekday"
    day: str


TYPES: dict[tuple[str, str], Any] = {
    **{("task", cls.type_name): cls for cls in (Echo, Say, Group, OldGroup, Call)},
    ("task", "old.Echo"): Echo,
    ("trigger", "test.Clock"): Clock,
    ("condition", "test.Weekday"): Weekday,
}


def fake_resolve(name: str, kind: str) -> Any:
    if name == "test.Broken":
        raise PluginError("Plugin tiercel-broken cannot provide 'test.Broken': ImportError: nope")
    if (kind, name) not in TYPES:
        raise UnknownTypeError(name, suggestion="test.Echo" if "ch" in name else None)
    return TYPES[kind, name]


@pytest.fixture
def resolve() -> Callable[[str, str], Any]:
    """A registry of the classes above."""
    return fake_resolve


@pytest.fixture
def look() -> Callable[..., Report]:
    """Examine the lines of a flow; `id`, `namespace` and one task are added unless written."""
    return lambda text, **given: examine(_whole(text), resolve=fake_resolve, **given)


@pytest.fixture
def read() -> Callable[..., Any]:
    """Load the lines of a flow, completed in the same way."""
    return lambda text, **given: load(_whole(text), resolve=fake_resolve, **given)


def _whole(text: str) -> str:
    lines = text.splitlines()
    missing = {
        "id": "id: example",
        "namespace": "namespace: test.unit",
        "tasks": "tasks: [{id: a, type: test.Echo}]",
    }
    absent = [
        line for key, line in missing.items() if not any(x.startswith(f"{key}:") for x in lines)
    ]
    return "\n".join([*lines, *absent]) + "\n"
