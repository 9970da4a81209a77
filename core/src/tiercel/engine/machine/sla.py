"""Service levels: how long an execution may take, and what must hold. Pure, for `reduce`.

A level of type MAX_DURATION sets a timer when the execution is created, an EXECUTION_ASSERTION is
asked at the beginning, after each task run and once more before the end. An assertion that cannot
be rendered says nothing yet (an output is not there); at the end that is told. Each level is
violated at most once. Golden area: `flows/sla`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel import _duration
from tiercel._record import replace
from tiercel.engine.machine.commands import Evaluate, StartTimer
from tiercel.engine.machine.kill import begin_kill
from tiercel.engine.machine.scope import ROOT, Phase
from tiercel.model.execution import State
from tiercel.model.flow import AssertionSla, MaxDurationSla, SlaBehavior
from tiercel.plugin.task import Finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.engine.machine.draft import Draft
    from tiercel.engine.machine.events import Evaluated

__all__ = [
    "QUESTION",
    "TIMER",
    "assertion_evaluated",
    "duration_over",
    "stop_watching",
    "watch",
    "watch_assertions",
]

AnySla = MaxDurationSla | AssertionSla

TIMER = ":sla:"
"""What the ids of the timers of service levels begin with; a number follows."""
QUESTION = ":assert:"
"""What the ids of the questions begin with; a number follows."""

_OPEN = frozenset({Phase.ADMISSION, Phase.TASKS, Phase.ERRORS, Phase.FINALLY, Phase.OUTPUTS})


def watch(draft: Draft) -> None:
    """Begin to watch the levels of an execution that begins, or waits for a place."""
    for number, level in _levels(draft):
        if isinstance(level, MaxDurationSla):
            due = draft.at + level.duration
            draft.command(StartTimer(id=f"{TIMER}{number}", due=due, purpose="sla"))
    watch_assertions(draft)


def watch_assertions(draft: Draft) -> bool:
    """Ask the assertions that were not violated yet; return whether there are any."""
    scope = draft.execution.scopes.get(ROOT)
    if scope is None or scope.phase not in _OPEN:
        return False
    asked = {
        number: level.assert_
        for number, level in _levels(draft)
        if isinstance(level, AssertionSla) and number not in scope.violated
    }
    for number, text in asked.items():
        draft.command(
            Evaluate(id=f"{QUESTION}{number}", purpose="sla", expressions={"holds": text})
        )
    if asked:
        draft.put_scope(replace(scope, asserting=scope.asserting | asked.keys()))
    return bool(asked)


def duration_over(draft: Draft, timer: str) -> None:
    """Note that the time of a level has come."""
    number = int(timer.removeprefix(TIMER))
    level = _level(draft, number)
    if isinstance(level, MaxDurationSla):
        taken = _duration.format(draft.at - draft.execution.history.started)
        limit = _duration.format(level.duration)
        reason = f"execution duration of {taken} exceed the maximum duration of {limit}."
        _violated(draft, number, level, reason)


def assertion_evaluated(draft: Draft, event: Evaluated) -> None:
    """Note whether an assertion holds; the end waits for the last answer."""
    number = int(event.command_id.removeprefix(QUESTION))
    scope = draft.execution.scopes.get(ROOT)
    level = _level(draft, number)
    if scope is None or number not in scope.asserting or not isinstance(level, AssertionSla):
        return
    scope = replace(scope, asserting=scope.asserting - {number})
    draft.put_scope(scope)
    last = scope.phase is Phase.OUTPUTS
    if event.error is not None and last:
        draft.log("ERROR", f"Ignoring SLA '{level.id}' because of the error: {event.error}")
    if event.error is None and not (event.values or {}).get("holds"):
        _violated(draft, number, level, f"assertion is false: {level.assert_}.")
    if last and draft.scope(ROOT).phase is Phase.OUTPUTS and not scope.asserting:
        draft.agenda.append((ROOT, None))


def stop_watching(draft: Draft) -> None:
    """Take back the timers and questions: the execution is about to end."""
    for number, level in _levels(draft):
        kind = TIMER if isinstance(level, MaxDurationSla) else QUESTION
        draft.finish_command(f"{kind}{number}")


def _levels(draft: Draft) -> Iterator[tuple[int, AnySla]]:
    flow = draft.execution.flow
    return enumerate((flow.sla if flow is not None else None) or ())


def _level(draft: Draft, number: int) -> AnySla | None:
    return dict(_levels(draft)).get(number)


def _violated(draft: Draft, number: int, level: AnySla, reason: str) -> None:
    scope = draft.execution.scopes.get(ROOT)
    if scope is None or scope.phase not in _OPEN or number in scope.violated:
        return
    draft.put_scope(replace(scope, violated=scope.violated | {number}))
    draft.log("WARN", f"SLA '{level.id}' violated: {reason}")
    labels = dict(draft.execution.labels) | {each.key: each.value for each in level.labels or ()}
    draft.set(labels=tuple(labels.items()))
    if level.behavior is SlaBehavior.NONE:
        return
    if level.behavior is SlaBehavior.FAIL:
        draft.log("ERROR", f"Execution failed due to SLA '{level.id}' violated: {reason}")
    failing = level.behavior is SlaBehavior.FAIL
    begin_kill(draft, Finish(State.FAILED if failing else State.CANCELLED))
