"""Executions that a task of another execution began: pure helpers of `reduce`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._ids import derive
from tiercel._record import replace
from tiercel.engine.machine import events as ev
from tiercel.engine.machine.commands import StartChild
from tiercel.engine.machine.scope import ROOT, Scope
from tiercel.model.execution import State
from tiercel.plugin.task import Child, RunFlow

if TYPE_CHECKING:
    from tiercel.engine.machine.draft import Draft

__all__ = ["child_created", "child_ended", "run_flow"]


def run_flow(draft: Draft, scope: Scope, decision: RunFlow) -> None:
    """Have an execution begun; its id is derived, so a repeated command begins no second one."""
    task_run = draft.execution.task_runs[scope.id]
    before = task_run.history.states.count(State.RUNNING)
    execution_id, *earlier = [
        derive(draft.execution.id, task_run.id, decision.key, attempt)
        for attempt in range(before, -1, -1)
    ]
    known = tuple(earlier) if decision.retry_failed and _is_restarted(draft) else ()
    child = Child(execution_id, counted=decision.counted, wait=decision.wait, earlier=known)
    draft.put_scope(replace(scope, children=scope.children.insert(decision.key, child)))
    draft.agenda.append((scope.id, None))
    labels = {
        key: value
        for key, value in draft.execution.labels
        if decision.inherit_labels or key.startswith("system.")
    }
    draft.command(
        StartChild(
            id=f"{scope.id}:child:{decision.key}",
            task_run_id=scope.id,
            execution_id=execution_id,
            request={
                "namespace": decision.namespace,
                "flow_id": decision.flow_id,
                "revision": decision.revision,
                "inputs": decision.inputs,
                "labels": labels | dict(decision.labels),
                "iteration": decision.iteration,
                "earlier": known,
                "schedule_date": decision.schedule_date and decision.schedule_date.isoformat(),
            },
        )
    )


def _is_restarted(draft: Draft) -> bool:
    past = draft.scope(ROOT).past
    return past is not None and not past.renews


def child_created(draft: Draft, event: ev.ChildCreated) -> None:
    """Note that a child exists, or why it does not."""
    draft.finish_command(event.command_id)
    scope, key, child = _find(draft, event.command_id)
    if scope is None or child is None or child.state is not None:
        return
    if event.execution_id not in (child.execution_id, *child.earlier):
        return
    task_run = draft.execution.task_runs[scope.id]
    if event.error is not None:
        # Golden case `subflow/missing_input`: the execution itself says why, and its task run
        # never runs.
        draft.log("ERROR", event.error)
    else:
        if task_run.state in (State.CREATED, State.RESTARTED):
            task_run = draft.begin_attempt(task_run, draft.at)
        what = "Restarted" if event.execution_id in child.earlier else "Created new"
        for remark in event.remarks:
            draft.log("WARN", remark, task_run)
        draft.log("INFO", f"{what} execution {event.link}", task_run)
    state = State.CREATED if event.error is None else State.FAILED
    child = replace(child, execution_id=event.execution_id, state=state, error=event.error)
    if child.counted and event.error is not None:
        draft.put_scope(replace(draft.scope(scope.id), refused=event.error))
        _count(draft, scope, key, State.FAILED)
    elif child.counted and not child.wait:
        _count(draft, scope, key, State.SUCCESS)
    else:
        _put(draft, scope, key, child)


def child_ended(draft: Draft, event: ev.ChildEnded) -> None:
    """Note how a child ended."""
    scope, key, child = _find(draft, event.command_id)
    if scope is None or child is None or (child.state and child.state.is_terminal):
        return
    if event.execution_id not in ("", child.execution_id):
        return  # one that an earlier attempt began
    if child.counted:
        _count(draft, scope, key, event.state)
    else:
        child = replace(
            child,
            state=event.state,
            outputs=event.outputs,
            outputs_error=event.outputs_error,
        )
        _put(draft, scope, key, child)


def _count(draft: Draft, scope: Scope, key: str, state: State) -> None:
    """Only count a child that is over: there may be a million of them."""
    scope = draft.scope(scope.id)
    tally = {**scope.tally, state: scope.tally.get(state, 0) + 1}
    draft.put_scope(replace(scope, children=scope.children.remove(key), tally=tally))
    draft.agenda.append((scope.id, None))


def _find(draft: Draft, command_id: str) -> tuple[Scope | None, str, Child | None]:
    scope_id, _, rest = command_id.partition(":")
    key = rest.removeprefix("child:")
    scope: Scope | None = draft.execution.scopes.get(scope_id)
    return scope, key, scope.children.get(key) if scope is not None else None


def _put(draft: Draft, scope: Scope, key: str, child: Child) -> None:
    scope = draft.scope(scope.id)
    draft.put_scope(replace(scope, children=scope.children.insert(key, child)))
    draft.agenda.append((scope.id, None))
