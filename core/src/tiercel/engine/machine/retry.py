"""Whether and when a failed task run is tried again. Pure; randomness is derived from ids."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from tiercel.engine.machine.again import run_again
from tiercel.engine.machine.commands import StartTimer
from tiercel.engine.machine.scope import ROOT, Phase, Scope
from tiercel.model.execution import State
from tiercel.model.retry import ConstantRetry, ExponentialRetry, RandomRetry, RetryBehavior

if TYPE_CHECKING:
    from tiercel.engine.machine.draft import Draft
    from tiercel.model.execution import Execution, TaskRun
    from tiercel.model.task import TaskBase

__all__ = ["next_attempt", "schedule_retry"]

AnyRetry = ConstantRetry | ExponentialRetry | RandomRetry


def next_attempt(
    execution: Execution, task: TaskBase, task_run: TaskRun, at: datetime
) -> datetime | None:
    """Return when the next attempt of a failed task run is due, or None when there is none.

    The task's own policy comes first, then the nearest flowable's around it, then the flow's
    (golden cases `retry/on_sequential`, `retry/flow_level_and_task_level`).
    """
    policy = _policy(execution, task, task_run)
    if policy is None:
        return None
    if _makes_executions(policy):
        if execution.state.is_terminal:
            return None  # `afterExecution`: what has ended is not repeated
        attempts = execution.attempt
        first = execution.first_at or execution.history.started
    else:
        attempts = len(task_run.attempts)
        first = task_run.attempts[0].history.started
    if policy.max_attempts is not None and attempts >= policy.max_attempts:
        return None
    due = at + policy.delay(attempts, _fraction(task_run.id, attempts))
    if policy.max_duration is not None and due > first + policy.max_duration:
        return None
    return due


def _makes_executions(policy: AnyRetry) -> bool:
    return policy.behavior is RetryBehavior.CREATE_NEW_EXECUTION


def schedule_retry(draft: Draft, task: TaskBase, task_run: TaskRun) -> bool:
    """Schedule another attempt, or another execution, and return True, if there is to be one."""
    due = next_attempt(draft.execution, task, task_run, draft.at)
    if due is None:
        return False
    policy = _policy(draft.execution, task, task_run)
    if policy is not None and _makes_executions(policy):
        run_again(draft, task_run, due)
        return True
    task_run = draft.move(draft.move(task_run, State.FAILED), State.RETRYING)
    if draft.execution.state is State.RUNNING:
        # Golden cases `retry/constant_exhausted` and `retry/on_sequential`: only a task at the
        # flow's top level takes the execution through FAILED.
        if task_run.parent_id is None:
            draft.to(State.FAILED)
            draft.to(State.RETRYING)
        else:
            draft.to(State.RETRYING)
    draft.command(
        StartTimer(id=f"{task_run.id}:retry", due=due, purpose="retry", task_run_id=task_run.id)
    )
    return True


def _policy(execution: Execution, task: TaskBase, task_run: TaskRun) -> AnyRetry | None:
    if task.retry is not None:
        return task.retry
    parent_id = task_run.parent_id
    while parent_id is not None:
        scope: Scope = execution.scopes[parent_id]
        if scope.task is not None and scope.task.retry is not None:
            return scope.task.retry
        parent_id = execution.task_runs[parent_id].parent_id
    flow = execution.flow
    # The flow's own policy is for its tasks; `errors` and `finally` have theirs or none.
    if flow is None or execution.scopes[ROOT].phase is not Phase.TASKS:
        return None
    # Kestra's flow policy repeats what failed; what `allowFailure` forgives has not.
    if task.allow_failure:
        return None
    return flow.retry


def _fraction(task_run_id: str, attempt: int) -> float:
    digest = hashlib.blake2b(f"{task_run_id}:{attempt}".encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / float(1 << 48)
