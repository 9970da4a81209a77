"""`Listeners`: tells triggers of the changes of state that were kept for them, each change once."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from tiercel._record import replace
from tiercel.engine.expressions.variables import nested_labels
from tiercel.engine.loop.beginning import CORRELATION_ID
from tiercel.engine.loop.commit import is_passing
from tiercel.engine.plain import plain
from tiercel.engine.triggers.firing import Firing, occasion_id
from tiercel.engine.triggers.starts import Bound, find
from tiercel.errors import NotFoundError
from tiercel.model.execution import History
from tiercel.plugin.trigger import ExecutionTrigger, Ignore, Remember

if TYPE_CHECKING:
    from tiercel.engine.triggers.firing import Write
    from tiercel.engine.triggers.parts import SchedulerParts
    from tiercel.model.execution import Execution
    from tiercel.repository.spi import StateChange, TriggerRecord

__all__ = ["Listeners"]

_log = logging.getLogger(__name__)


class Listeners:
    """The triggers that react to executions.

    Args:
        parts: of the scheduler that it belongs to.
        firing: starts executions.
    """

    def __init__(self, parts: SchedulerParts, firing: Firing) -> None:
        self._parts = parts
        self._firing = firing

    def tell(self) -> bool:
        """Tell the triggers of what is kept for them; return whether there was anything.

        What a trigger is told, what it remembers and the execution that it starts are written in
        one transaction: a crash leaves the change as it was, or done.

        Raises:
            RepositoryError: the repository is out of reach.
        """
        parts = self._parts
        changes = parts.repository.changes(parts.tenant)
        upstreams: dict[str, Execution | None] = {}
        for change in changes:
            if change.execution_id not in upstreams:
                upstreams[change.execution_id] = self._execution(change.execution_id)
            self._consider(change, upstreams[change.execution_id])
        return bool(changes)

    def _execution(self, execution_id: str) -> Execution | None:
        try:
            return self._parts.repository.execution(execution_id)
        except NotFoundError:
            return None

    def _consider(self, change: StateChange, upstream: Execution | None) -> None:
        def take(work: Any) -> None:
            work.take_change(change.number)

        try:
            found = self._listener(change)
            if upstream is None or found is None or _is_own(change, upstream):
                self._firing.write(take)
            else:
                self._decide(*found, _at_step(upstream, change.step), change, take)
        except Exception as error:  # a plugin's code, an expression, an input
            if is_passing(error):
                raise
            _log.warning(
                "Trigger %s of %s.%s does not start for execution %s: %s",
                change.trigger_id,
                change.namespace,
                change.flow_id,
                change.execution_id,
                self._parts.starter.explain(error),
            )
            self._firing.write(take)

    def _listener(self, change: StateChange) -> tuple[Bound, TriggerRecord] | None:
        """Return the trigger that a change is kept for; None when it does not listen any more."""
        parts, key = self._parts, (change.namespace, change.flow_id, change.trigger_id)
        bound = find(parts.flows, *key)
        if bound is None or not bound.is_active or not isinstance(bound.trigger, ExecutionTrigger):
            return None
        try:
            known = parts.repository.trigger(parts.tenant, *key)
        except NotFoundError:
            return None
        return None if known.disabled else (bound, known)

    def _decide(
        self,
        bound: Bound,
        known: TriggerRecord,
        upstream: Execution,
        change: StateChange,
        take: Write,
    ) -> None:
        starter, trigger = self._parts.starter, bound.trigger
        assert isinstance(trigger, ExecutionTrigger)
        context = starter.execution_context(bound, upstream, _told(upstream))
        at = upstream.history.entries[-1][1]
        memory = json.loads(known.memory) if known.memory else None
        decision = trigger.consider(context, memory, at)
        if isinstance(decision, Ignore):
            self._firing.write(take)
            return
        now = self._parts.clock.now()
        text = None if decision.memory is None else json.dumps(plain(decision.memory))
        following = replace(known, memory=text, updated=now)
        if isinstance(decision, Remember):
            self._firing.write(take, lambda work: work.save_trigger(following))
            return
        execution_id = occasion_id(known, "execution", upstream.id, change.step)
        started = replace(following, execution_id=execution_id, last_date=at)
        event = starter.started(
            bound,
            execution_id,
            starter.execution_context(bound, upstream, plain(decision.variables)),
            variables=decision.variables,
            inputs=trigger.start_inputs(),
            labels={key: value for key, value in upstream.labels if key == CORRELATION_ID},
        )
        self._firing.start(event, bound.flow, [take, lambda work: work.save_trigger(started)])


def _is_own(change: StateChange, upstream: Execution) -> bool:
    """Return whether a trigger is told of its own flow, which would go on for ever."""
    return (change.namespace, change.flow_id) == (upstream.namespace, upstream.flow_id)


def _at_step(execution: Execution, step: int) -> Execution:
    """Return an execution in the state that it had at one step of its history."""
    return replace(execution, history=History(execution.history.entries[: step + 1]))


def _told(upstream: Execution) -> dict[str, Any]:
    """Return what expressions find under `trigger`: the upstream execution, in short."""
    labels = [pair for pair in upstream.labels if pair[0] != CORRELATION_ID]
    told: dict[str, Any] = {
        "executionId": upstream.id,
        "executionLabels": nested_labels(labels),
        "state": str(upstream.state),
        "namespace": upstream.namespace,
        "flowId": upstream.flow_id,
        "flowRevision": upstream.flow_revision,
    }
    if upstream.outputs:
        told["outputs"] = dict(upstream.outputs)
    return told
