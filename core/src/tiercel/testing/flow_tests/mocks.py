"""Tasks that answer without doing anything: what stands in a flow for the tasks that are mocked.

The flow's text is read as ever, so that what is wrong with a mocked task is found all the same.
Only then are the tasks replaced, wherever they stand: in lists, in branches, in subflows.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, PrivateAttr

from tiercel import _duration
from tiercel.errors import TaskError
from tiercel.model.execution import State
from tiercel.model.task import TaskBase
from tiercel.model.trigger import TriggerBase
from tiercel.plugin.task import (
    Decision,
    Evaluate,
    Finish,
    FlowableTask,
    FlowableView,
    Output,
    Task,
    Wait,
)

if TYPE_CHECKING:
    from tiercel.model.flow import Flow
    from tiercel.plugin.context import RunContext

__all__ = [
    "EndState",
    "Mock",
    "MockedTask",
    "Unavailable",
    "UnavailableTrigger",
    "VirtualSleep",
    "tasks_in",
    "with_mocks",
]


EndState = Literal["SUCCESS", "WARNING", "FAILED", "SKIPPED"]
"""The states that a mocked task can end in."""

_SLEEP = "io.kestra.plugin.core.flow.Sleep"


@dataclass(frozen=True)
class Mock:
    """One answer of a mocked task.

    Attributes:
        outputs: what the task gives to later tasks, expressions rendered; or a function that makes
            it from the variables that the task's expressions would see.
        state: how it ends; FAILED when there is an `error`.
        error: why it failed.
        value: answers only in rounds of a loop with this value, as text.
    """

    outputs: Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    state: EndState = "SUCCESS"
    error: str | None = None
    value: str | None = None

    @property
    def end(self) -> State:
        """The state it ends in."""
        if self.error is not None and self.state == "SUCCESS":
            return State.FAILED
        return State(self.state)


class MockOutput(Output):
    """Outputs under any names, as they are."""

    _values: dict[str, Any] = PrivateAttr(default_factory=dict)
    _state: State = PrivateAttr(default=State.SUCCESS)

    @classmethod
    def made(cls, values: Mapping[str, Any], state: State) -> MockOutput:
        """Return the outputs of a task that ends in a state."""
        output = cls()
        output._values = dict(values)
        output._state = state
        return output

    def model_dump(self, **_: Any) -> dict[str, Any]:
        """Return them: what the worker stores."""
        return self._values

    def state(self) -> State:
        """Return the state the task ends in."""
        return self._state


class MockedTask(Task[MockOutput]):
    """What runs in place of a mocked task; its `retry`, `runIf`, `allowFailure` … are the task's.

    Several answers for the same loop value come one after the other: each further attempt, and each
    further round of a loop without values, takes the next one. The last one stays.
    """

    _original: TaskBase = PrivateAttr()
    _mocks: tuple[Mock, ...] = PrivateAttr()
    _extra: Mapping[str, Any] = PrivateAttr()

    @classmethod
    def of(cls, task: TaskBase, mocks: Sequence[Mock], extra: Mapping[str, Any]) -> MockedTask:
        """Return what stands for a task; `extra` is what expressions in outputs see beside."""
        common = {name: getattr(task, name) for name in TaskBase.model_fields}
        mocked = cls.model_construct(**{**common, "task_cache": None})
        mocked._original, mocked._mocks, mocked._extra = task, tuple(mocks), extra
        return mocked

    def run(self, ctx: RunContext) -> Any | Coroutine[Any, Any, Any] | None:
        """Answer; where there is no answer for a loop value, do what the task does."""
        mock = self._answer(ctx.variables)
        if mock is None:
            return self._unmocked(ctx)
        outputs = self._outputs(mock, ctx)
        if mock.end is State.FAILED:
            raise TaskError(mock.error or f"Task {self.id!r} is mocked to fail", outputs=outputs)
        return MockOutput.made(outputs, mock.end)

    def _unmocked(self, ctx: RunContext) -> Any:
        if isinstance(self._original, Task):
            return self._original.run(ctx)
        known = ", ".join(repr(each.value) for each in self._mocks)
        raise TaskError(f"Task {self.id!r} is mocked only for the values {known}", retryable=False)

    def _answer(self, variables: Mapping[str, Any]) -> Mock | None:
        taskrun: Mapping[str, Any] = variables["taskrun"]
        value = _loop_value(variables)
        own = [mock for mock in self._mocks if mock.value is not None and mock.value == value]
        fitting = own or [mock for mock in self._mocks if mock.value is None]
        if not fitting:
            return None
        rounds = taskrun.get("iteration", 0) if taskrun.get("value") is None else 0
        turn: int = taskrun["attemptsCount"] + rounds
        return fitting[min(turn, len(fitting) - 1)]

    def _outputs(self, mock: Mock, ctx: RunContext) -> dict[str, Any]:
        if callable(mock.outputs):
            return dict(mock.outputs(ctx.variables))
        made: dict[str, Any] = _rendered(mock.outputs or {}, ctx, self._extra)
        return made


def _loop_value(variables: Mapping[str, Any]) -> str | None:
    """Return the value of the nearest loop around a task."""
    rounds = [variables, *variables.get("parents", ())]
    found = (each.get("taskrun", {}).get("value") for each in rounds)
    return next((value for value in found if value is not None), None)


def _rendered(value: Any, ctx: RunContext, extra: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return ctx.evaluate(value, extra)
    if isinstance(value, Mapping):
        return {key: _rendered(item, ctx, extra) for key, item in value.items()}
    if isinstance(value, list):
        return [_rendered(item, ctx, extra) for item in value]
    return value


class VirtualSleep(FlowableTask):
    """A `Sleep` on the engine's clock instead of the computer's."""

    duration: Any
    """How long, as written."""

    def next(self, view: FlowableView) -> Decision:
        """Wait until the time has come."""
        if "" not in view.values:
            return Evaluate({"duration": self.duration})
        if view.due:
            return Finish(State.SUCCESS)
        try:
            length: timedelta = _duration.parse(str(view.values[""]["duration"]))
        except ValueError as error:
            return Finish(State.FAILED, error=f"Invalid duration: {error}")
        return Wait(view.at + length)

    def children(self) -> tuple[TaskBase, ...]:
        """Return no task."""
        return ()


class Unavailable(TaskBase):
    """A task whose plugin is not installed: good enough to be mocked."""

    model_config = ConfigDict(extra="allow")


class UnavailableTrigger(TriggerBase):
    """A trigger whose plugin is not installed: tests start the flow in its place."""

    model_config = ConfigDict(extra="allow")


def with_mocks(flow: Flow, mocks: Mapping[str, Sequence[Mock]], extra: Mapping[str, Any]) -> Flow:
    """Return a flow whose tasks of these ids answer as they are told, with sleeps on the clock.

    Args:
        flow: the flow.
        mocks: answers by task id.
        extra: variables that expressions in outputs see beside the task's own.
    """

    def replaced(task: TaskBase) -> TaskBase | None:
        if task.id in mocks:
            return MockedTask.of(task, mocks[task.id], extra)
        if type(task).type_name == _SLEEP:
            common = {name: getattr(task, name) for name in TaskBase.model_fields}
            duration = getattr(task, "duration").raw  # noqa: B009  # a plugin's class
            return VirtualSleep.model_construct(**common, duration=duration)
        return None

    changed: Flow = _swapped(flow, replaced)
    return changed


def _swapped(value: Any, replaced: Callable[[TaskBase], TaskBase | None]) -> Any:
    """Return a value with tasks replaced, however deep; the same object where nothing changes."""
    if isinstance(value, TaskBase) and (instead := replaced(value)) is not None:
        return instead
    if isinstance(value, BaseModel):
        parts = value.__dict__
        new = {name: _swapped(part, replaced) for name, part in parts.items()}
        changes = {name: part for name, part in new.items() if part is not parts[name]}
        return value.model_copy(update=changes) if changes else value
    if isinstance(value, list | tuple):
        items = [_swapped(item, replaced) for item in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else type(value)(items)
    if isinstance(value, dict):
        found = {key: _swapped(item, replaced) for key, item in value.items()}
        return value if all(found[key] is value[key] for key in value) else found
    return value


def tasks_in(value: Any) -> Iterator[TaskBase]:
    """Yield the tasks in a flow, however deep; nothing below those that are mocked."""
    if isinstance(value, TaskBase):
        yield value
    if isinstance(value, BaseModel):
        value = list(value.__dict__.values())
    elif isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from tasks_in(item)
