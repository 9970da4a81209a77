"""What begins an execution that repeats another one: a replay, or a restart with another revision.

Source of behaviour: Kestra's `ExecutionService`; golden area `flows/lifecycle`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tiercel.engine.machine.again import REPLAY
from tiercel.engine.machine.carried import carry
from tiercel.engine.machine.events import ExecutionCreated
from tiercel.engine.machine.past import failed, outdated, with_ancestors
from tiercel.engine.machine.restart import RESTARTED
from tiercel.engine.plain import plain

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.model.execution import Execution, TaskRun
    from tiercel.model.flow import Flow

__all__ = ["Repeat"]


class Repeat:
    """Makes the event that begins an execution which repeats another one.

    Args:
        execution: the one that is repeated, with its task runs.
        flow: the flow as it was then.
        newer: the flow as it is to be now: another revision, or the same.
    """

    def __init__(self, execution: Execution, flow: Flow, newer: Flow) -> None:
        self._execution = execution
        self._flow = flow
        self._newer = newer

    def restarted(self, execution_id: str, at: datetime) -> ExecutionCreated:
        """Return what begins an execution in which only what failed runs again."""
        runs = self._execution.task_runs
        again = failed(self._flow, runs)
        carried = self._carried(again, outdated(self._flow, runs, again), renews=False)
        return self._event(execution_id, at, RESTARTED, self._execution.variables, carried)

    def replayed(self, execution_id: str, at: datetime) -> ExecutionCreated:
        """Return what begins an execution that runs from the start."""
        return self._event(execution_id, at, REPLAY, self._flow.variables or {}, None)

    def replayed_from(
        self, task_run_id: str, execution_id: str, at: datetime, variables: Mapping[str, Any]
    ) -> ExecutionCreated:
        """Return what begins an execution that runs a task run, and what comes after it, again.

        Args:
            task_run_id: one of the execution's task runs.
            execution_id: the new execution's id.
            at: when it begins.
            variables: the execution's variables when the task run began.
        """
        runs = self._execution.task_runs
        again = with_ancestors(runs, [task_run_id])
        gone = outdated(self._flow, runs, again, renews=True) | _inside(runs, task_run_id)
        carried = self._carried(again, gone, renews=True)
        for each in carried["runs"]:
            if each["id"] == task_run_id:
                each.pop("outputs", None)  # a branch is to be chosen anew, say
        return self._event(execution_id, at, REPLAY, variables, carried)

    def _carried(
        self, again: frozenset[str], gone: frozenset[str], *, renews: bool
    ) -> dict[str, Any]:
        history, runs = self._execution.history, self._execution.task_runs.values()
        kept = [each for each in runs if each.id not in gone]
        return carry(history, kept, again - gone, renews=renews)

    def _event(
        self,
        execution_id: str,
        at: datetime,
        label: str,
        variables: Mapping[str, Any],
        carried: Mapping[str, Any] | None,
    ) -> ExecutionCreated:
        execution = self._execution
        assert self._newer.revision is not None
        return ExecutionCreated(
            at=at,
            execution_id=execution_id,
            tenant=execution.tenant,
            namespace=execution.namespace,
            flow_id=execution.flow_id,
            flow_revision=self._newer.revision,
            labels=tuple((dict(execution.labels) | {label: "true"}).items()),
            inputs=execution.inputs,
            variables=self._variables(variables),
            trigger=execution.trigger,
            parent_id=execution.id,
            original_id=execution.original_id,
            first_at=at,
            carried=carried,
        )

    def _variables(self, then: Mapping[str, Any]) -> dict[str, Any]:
        """Return the flow's variables as they are now, with what tasks had changed of them."""
        before = plain(self._flow.variables or {})
        changed = {
            name: value
            for name, value in then.items()
            if name not in before or before[name] != value
        }
        return {**plain(self._newer.variables or {}), **changed}


def _inside(runs: Mapping[str, TaskRun], task_run_id: str) -> frozenset[str]:
    """Return the task runs below one: they are the work that it is to do once more."""
    return frozenset(
        each for each in runs if each != task_run_id and task_run_id in with_ancestors(runs, [each])
    )
