"""A wait for a person, or for a time that survives a restart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    AnyInput,
    AnyTask,
    Decision,
    Duration,
    Evaluate,
    Example,
    Finish,
    FlowableTask,
    FlowableView,
    Lane,
    Mirrors,
    Open,
    Output,
    Property,
    State,
    TaskBase,
    TaskOrder,
    Wait,
    old_value,
)
from tiercel.plugin import Pause as Hold
from tiercel_flow.lanes import duration_of

__all__ = ["Pause", "PauseBehavior"]


class PauseBehavior(StrEnum):
    """What happens when nobody resumed the execution in time."""

    RESUME = "RESUME"
    WARN = "WARN"
    CANCEL = "CANCEL"
    FAIL = "FAIL"


_ENDS = {
    PauseBehavior.RESUME: State.SUCCESS,
    PauseBehavior.WARN: State.WARNING,
    PauseBehavior.CANCEL: State.CANCELLED,
    PauseBehavior.FAIL: State.FAILED,
}


_GOES_ON = ("RUNNING", "SUCCESS", "WARNING")
"""What a pause was left with, if what comes after it runs."""


class Resumed(Output):
    """How a pause ended."""

    by: str | None = None
    """Who resumed it, where that is known."""
    on: datetime | None = None
    """When."""
    to: State | None = None
    """The state that it was resumed to: RUNNING by a person, SUCCESS by `pauseDuration`."""


class PauseOutput(Output):
    """What `Pause` gives to later tasks."""

    on_resume: Annotated[dict[str, Any] | None, Mirrors("onResume")] = None
    """The inputs that it was resumed with."""
    resumed: Resumed | None = None
    """How it ended."""


class Pause(FlowableTask):
    """Hold the execution until someone resumes it, or for a while."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Go on by itself after a moment",
            """
            id: pause_a_moment
            namespace: company.team

            tasks:
              - id: moment
                type: io.kestra.plugin.core.flow.Pause
                pauseDuration: PT0.5S
              - id: after
                type: io.kestra.plugin.core.log.Log
                message: "Resumed as {{ outputs.moment.resumed.to }}"
            """,
        ),
    )

    output_type: ClassVar[type[Output]] = PauseOutput
    task_order: ClassVar[TaskOrder | None] = "sequence"
    uses_timeout: ClassVar[bool] = True

    pause_duration: Property[Duration] | None = None
    """How long at most; for ever without it."""
    delay: Property[Duration] | None = Field(default=None, deprecated="write `pauseDuration`")
    """The older name of `pauseDuration`."""
    behavior: Property[PauseBehavior] = Property.of(PauseBehavior.RESUME)
    """What happens after `pauseDuration`."""
    on_resume: list[AnyInput] | None = None
    """Inputs that whoever resumes the execution gives; `outputs.task_id.onResume` has them."""
    on_pause: AnyTask | None = None
    """What runs when the pause begins: a notification, say."""
    tasks: list[AnyTask] | None = Field(default=None, deprecated="write them after the task")
    """What runs after the pause, before the task ends; older flows have it."""

    def next(self, view: FlowableView) -> Decision:
        """Begin to wait; then end as whoever, or whatever, ended the wait has it."""
        if "" not in view.values:
            return Evaluate(self._questions())
        left = view.outputs or {}
        if self._after() and left.get("resumed", {}).get("to") in _GOES_ON:
            return self._go_on(view, left)
        if self.on_pause is not None and "onPause" not in view.lanes:
            return Wait() if view.active else Open((Lane("onPause", (self.on_pause,)),))
        times = view.values[""]
        if view.resumed is None and not view.due:
            return Wait() if view.active else Hold(self._until(view, times))
        state, became = self._end(view, times)
        outputs = self._outputs(view, became)
        after = self._after()
        if after and not state.is_failed:
            return Wait() if view.active else Open((Lane("tasks", after),), outputs)
        return Finish(state, outputs)

    def _go_on(self, view: FlowableView, outputs: Mapping[str, Any]) -> Decision:
        """Run what comes after the pause, or end; a restart does not pause once more."""
        if "tasks" not in view.lanes:
            return Wait() if view.active else Open((Lane("tasks", self._after()),))
        ended, became = view.lanes["tasks"], outputs["resumed"]["to"]
        state = State.SUCCESS if became == "RUNNING" else State(became)
        return Finish(state if ended is State.SUCCESS else ended, outputs)

    def _questions(self) -> dict[str, Any]:
        asked: dict[str, Any] = {"behavior": self.behavior.raw, "timeout": self.timeout}
        duration = self.pause_duration or old_value(self, "delay")
        asked["pauseDuration"] = duration.raw if duration else None
        return asked

    def _until(self, view: FlowableView, times: Any) -> datetime | None:
        lengths = [
            duration_of(name, times[name])
            for name in ("pauseDuration", "timeout")
            if times.get(name) is not None
        ]
        return view.at + min(lengths) if lengths else None

    def _end(self, view: FlowableView, times: Any) -> tuple[State, str]:
        """Return the state the task ends in, and what `outputs.….resumed.to` says."""
        if view.resumed is not None:
            asked = view.resumed.get("state")
            return (State(asked), str(asked)) if asked else (State.SUCCESS, "RUNNING")
        duration = times.get("pauseDuration")
        timeout = times.get("timeout")
        if duration is None or (
            timeout is not None
            and duration_of("timeout", timeout) < duration_of("pauseDuration", duration)
        ):
            return State.FAILED, "WARNING" if self.allow_failure else "FAILED"
        state = _ENDS[PauseBehavior(times["behavior"])]
        return state, str(state)

    def _outputs(self, view: FlowableView, became: str) -> dict[str, Any]:
        outputs: dict[str, Any] = {"resumed": {"on": view.at.isoformat(), "to": became}}
        if view.resumed is not None and self.on_resume:
            outputs["onResume"] = view.resumed.get("inputs") or {}
        return outputs

    def resume_inputs(self) -> list[AnyInput]:
        """Return `onResume`."""
        return self.on_resume or []

    def children(self) -> tuple[TaskBase, ...]:
        """Return the tasks around the pause."""
        before = (self.on_pause,) if self.on_pause is not None else ()
        return (*before, *self._after())

    def _after(self) -> tuple[TaskBase, ...]:
        return tuple(old_value(self, "tasks") or ())
