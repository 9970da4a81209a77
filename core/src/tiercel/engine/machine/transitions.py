"""Which state may follow which: the one table, for executions and for task runs.

Theory of operation. An execution is a tree of *scopes*: the flow itself, and one for each flowable
task run. A scope runs *lanes*: tasks one after the other. When a task run ends, its lane goes on to
the next task; when a lane ends, the flowable's `next` says what happens; when the flowable is
finished, its own task run ends, and the same holds one level up. A scope passes through the phases
tasks → errors (if it failed) → finally; the flow has one phase more, afterExecution, which begins
when the execution is already terminal.

What wins when things meet:

* Kill wins over everything that is not terminal: no error handlers, no `finally`, no retries.
* A task run that is terminal stays so: a result that comes later, or again, changes nothing.
* A result of an attempt that is not the current one is stale and changes nothing.
* An execution that a person holds lets answers in, and puts off all that would follow from them.

An execution that has ended goes on only when a person says so (restart, another end for a task
run). Its scopes begin anew then, with the task runs that it has as their *past*: where a lane comes
to a task that ran there before, that task run is passed over or runs again, under its own id. An
execution that repeats another one takes over that one's past in the same way.

`TRANSITIONS` says which moves exist at all; `reduce` makes no other. The docs draw their diagrams
from it. One thing is not in it: a person may give what has ended any other state to end in
(`ENDS`).
"""

from __future__ import annotations

from tiercel.errors import EngineBug
from tiercel.model.execution import State

__all__ = ["ENDS", "EXECUTION_TRANSITIONS", "TASK_RUN_TRANSITIONS", "check", "check_end"]

_S = State

ENDS = frozenset({_S.SUCCESS, _S.WARNING, _S.FAILED, _S.KILLED, _S.CANCELLED})
"""The states that a person may give to a task run or an execution that has ended."""

EXECUTION_TRANSITIONS: dict[State, frozenset[State]] = {
    _S.CREATED: frozenset(
        {_S.RUNNING, _S.QUEUED, _S.KILLING, _S.KILLED, _S.CANCELLED, _S.FAILED, _S.SUCCESS}
    ),
    _S.QUEUED: frozenset({_S.RUNNING, _S.KILLING, _S.CANCELLED, _S.FAILED}),
    _S.RUNNING: frozenset(
        {
            _S.PAUSED,
            _S.RETRYING,
            _S.RETRIED,
            _S.KILLING,
            _S.SUCCESS,
            _S.WARNING,
            _S.FAILED,
            _S.KILLED,
            _S.CANCELLED,
        }
    ),
    _S.PAUSED: frozenset(
        {_S.RESTARTED, _S.RUNNING, _S.KILLING, _S.FAILED, _S.CANCELLED, _S.RETRIED}
    ),
    _S.RETRYING: frozenset({_S.RUNNING, _S.KILLING, _S.FAILED, _S.CANCELLED, _S.RETRIED}),
    _S.RESTARTED: frozenset({_S.RUNNING, _S.QUEUED, _S.KILLING, _S.FAILED, _S.CANCELLED}),
    _S.KILLING: frozenset({_S.KILLED}),
    # A terminal execution can be restarted; FAILED also passes through here on its way to a retry,
    # and SUCCESS, WARNING or KILLED (with a child) turn into FAILED when the flow's outputs cannot
    # be rendered.
    _S.SUCCESS: frozenset({_S.RESTARTED, _S.FAILED}),
    _S.WARNING: frozenset({_S.RESTARTED, _S.FAILED}),
    _S.FAILED: frozenset({_S.RETRYING, _S.RETRIED, _S.RESTARTED, _S.FAILED}),
    _S.KILLED: frozenset({_S.RESTARTED, _S.FAILED}),
    _S.CANCELLED: frozenset({_S.RESTARTED}),
    _S.RETRIED: frozenset(),
    _S.SKIPPED: frozenset(),
    _S.SUBMITTED: frozenset(),
    _S.BREAKPOINT: frozenset({_S.RUNNING, _S.KILLING}),
    _S.RESUBMITTED: frozenset(),
}

TASK_RUN_TRANSITIONS: dict[State, frozenset[State]] = {
    _S.CREATED: frozenset(
        {
            _S.SUBMITTED,
            _S.RUNNING,
            _S.SKIPPED,
            _S.FAILED,
            _S.WARNING,
            _S.KILLED,
            _S.CANCELLED,
            _S.SUCCESS,
        }
    ),
    _S.SUBMITTED: frozenset(
        {_S.RUNNING, _S.KILLING, _S.KILLED, _S.FAILED, _S.WARNING, _S.RESUBMITTED}
    ),
    _S.RESUBMITTED: frozenset({_S.RUNNING, _S.KILLING, _S.KILLED, _S.FAILED}),
    _S.RUNNING: frozenset(
        {
            _S.SUCCESS,
            _S.WARNING,
            _S.FAILED,
            _S.PAUSED,
            _S.KILLING,
            _S.KILLED,
            _S.SKIPPED,
            _S.CANCELLED,
            _S.RETRIED,
        }
    ),
    _S.PAUSED: frozenset(
        {_S.RUNNING, _S.SUCCESS, _S.WARNING, _S.FAILED, _S.CANCELLED, _S.KILLING, _S.KILLED}
    ),
    _S.KILLING: frozenset({_S.KILLED, _S.SUCCESS, _S.WARNING, _S.FAILED}),
    # FAILED is a task run's last state only when no retry follows, and when the failure of an
    # execution that it began is not its own (`transmitFailed`, `allowFailure`).
    _S.FAILED: frozenset(
        {_S.RETRYING, _S.RETRIED, _S.RESTARTED, _S.RUNNING, _S.WARNING, _S.SUCCESS}
    ),
    _S.RETRYING: frozenset({_S.CREATED, _S.KILLED, _S.FAILED}),
    _S.RESTARTED: frozenset(
        {
            _S.SUBMITTED,
            _S.RUNNING,
            _S.SKIPPED,
            _S.FAILED,
            _S.WARNING,
            _S.KILLED,
            _S.CANCELLED,
            _S.SUCCESS,
        }
    ),
    # When an execution goes on that has ended, a task run goes by RESTARTED; a flowable one, whose
    # tasks go on, by RUNNING.
    _S.SUCCESS: frozenset({_S.RESTARTED, _S.RUNNING}),
    # SUCCESS follows when the state of an execution that it began is not its own.
    _S.WARNING: frozenset({_S.RESTARTED, _S.RUNNING, _S.SUCCESS}),
    _S.KILLED: frozenset({_S.RESTARTED, _S.RUNNING, _S.SUCCESS}),
    _S.CANCELLED: frozenset({_S.RESTARTED, _S.RUNNING, _S.SUCCESS}),
    _S.SKIPPED: frozenset({_S.RESTARTED, _S.RUNNING}),
    _S.RETRIED: frozenset({_S.RESTARTED, _S.RUNNING}),
    _S.QUEUED: frozenset(),
    _S.BREAKPOINT: frozenset({_S.RUNNING, _S.KILLED}),
}


def check(table: dict[State, frozenset[State]], before: State, after: State) -> None:
    """Make sure that `table` has this move.

    Raises:
        EngineBug: it has not: whoever asked is wrong.
    """
    if after not in table[before]:
        raise EngineBug(f"No transition from {before} to {after}")


def check_end(before: State, after: State) -> None:
    """Make sure that a person may give what is in state `before` the end `after`.

    Raises:
        EngineBug: it has not ended, or that is no end: whoever asked is wrong.
    """
    if not before.is_terminal or after not in ENDS:
        raise EngineBug(f"Nobody can end in {after} what is {before}")
