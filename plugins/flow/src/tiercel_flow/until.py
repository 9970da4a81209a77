"""The same tasks again until a condition holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from tiercel.plugin import (
    Decision,
    Duration,
    Evaluate,
    Example,
    Finish,
    FlowableTask,
    FlowableView,
    Lane,
    Model,
    Open,
    Output,
    Pause,
    Property,
    State,
    TaskBase,
    TaskList,
    TaskOrder,
    Wait,
    is_true,
)
from tiercel_flow.lanes import duration_of

__all__ = ["CheckFrequency", "LoopUntil"]


_MINUTE = timedelta(minutes=1)


class CheckFrequency(Model):
    """How often, and how long, a loop goes on."""

    interval: Property[Duration] = Property.of(_MINUTE)
    """How long it waits between two rounds."""
    max_iterations: Property[int] | None = None
    """How many rounds at most."""
    max_duration: Property[Duration] | None = None
    """How long at most."""


class LoopUntilOutput(Output):
    """What `LoopUntil` gives to later tasks, to its own and to its condition."""

    iteration_count: int | None = None
    """The number of rounds."""


class LoopUntil(FlowableTask):
    """Run tasks again and again until a condition holds.

    In the condition and in the tasks, `outputs.task_id.iterationCount` is the number of rounds.
    """

    repeats: ClassVar[bool] = True
    task_order: ClassVar[TaskOrder | None] = "rounds"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Count to three",
            """
            id: loop_until
            namespace: company.team

            tasks:
              - id: loop
                type: io.kestra.plugin.core.flow.LoopUntil
                condition: "{{ outputs.loop.iterationCount >= 3 }}"
                checkFrequency:
                  interval: PT0.1S
                tasks:
                  - id: count
                    type: io.kestra.plugin.core.debug.Return
                    format: "{{ outputs.loop.iterationCount }}"
            """,
        ),
    )

    output_type: ClassVar[type[Output]] = LoopUntilOutput

    condition: Property[str]
    """What must hold after a round for the loop to end."""
    check_frequency: CheckFrequency = CheckFrequency(interval=Property.of(_MINUTE))
    """How often, and how long."""
    fail_on_max_reached: Property[bool] = Property.of(False)
    """Fail when the condition does not hold after the last round; otherwise it is no failure."""
    tasks: TaskList
    """What runs in each round."""

    def next(self, view: FlowableView) -> Decision:
        """Run a round, look at the condition, wait, run the next one."""
        if "" not in view.values:
            return Evaluate(self._questions())
        rounds = view.opened
        if view.active:
            return Wait()
        if not rounds or view.due:
            return self._open(rounds)
        counted = {"iterationCount": rounds}
        if view.worst.is_failed:
            return Finish(view.worst, counted)
        key = f"round{rounds}"
        if key not in view.values:
            return Evaluate({"condition": self.condition.raw}, key)
        if is_true(view.values[key]["condition"]):
            return Finish(view.worst, counted)
        # Kestra counts the round to come, and looks again before it waits
        # (golden case `legacy/waitfor_alias`).
        counted = {"iterationCount": rounds + 1}
        if f"{key}+" not in view.values:
            return Evaluate({"condition": self.condition.raw}, f"{key}+", counted)
        if is_true(view.values[f"{key}+"]["condition"]):
            return Finish(view.worst, counted)
        return self._go_on(view, rounds)

    def _questions(self) -> dict[str, Any]:
        often = self.check_frequency
        return {
            "interval": often.interval.raw,
            "maxIterations": often.max_iterations.raw if often.max_iterations else None,
            "maxDuration": often.max_duration.raw if often.max_duration else None,
            "failOnMaxReached": self.fail_on_max_reached.raw,
        }

    def _open(self, rounds: int) -> Open:
        lane = Lane(rounds, tuple(self.tasks), iteration=rounds)
        return Open((lane,), {"iterationCount": rounds + 1})

    def _go_on(self, view: FlowableView, rounds: int) -> Decision:
        """Wait for the next round, or give up; the count then is one more, as Kestra has it."""
        limits = view.values[""]
        next_at = view.at + duration_of("interval", limits["interval"])
        most, longest = limits.get("maxIterations"), limits.get("maxDuration")
        too_many = most is not None and rounds >= int(most)
        too_long = longest is not None and next_at > view.began + duration_of(
            "maxDuration", longest
        )
        if not too_many and not too_long:
            return Pause(next_at, {"iterationCount": rounds + 1})
        state = State.FAILED if is_true(limits["failOnMaxReached"]) else view.worst
        what = "iterations" if too_many else "duration"
        counted = {"iterationCount": rounds + 1}
        return Finish(state, counted, f"Max {what} reached", level="WARN")

    def children(self) -> tuple[TaskBase, ...]:
        """Return the tasks of one round."""
        return tuple(self.tasks)
