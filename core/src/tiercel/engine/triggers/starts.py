"""`Starter`: what triggers look at, and what begins the executions that they start."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from tiercel._record import record, replace
from tiercel.engine.expressions.variables import Variables
from tiercel.engine.loop.beginning import CORRELATION_ID
from tiercel.engine.machine.events import ExecutionCreated
from tiercel.engine.plain import plain
from tiercel.engine.services.spilling import recall, spill
from tiercel.engine.triggers.ticks import Dates
from tiercel.engine.wording import error_text
from tiercel.errors import FlowError, NotFoundError
from tiercel.model.execution import LogEntry
from tiercel.plugin.trigger import ConditionContext, FlowRef, Trigger
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from tiercel.engine.flows.flows import FlowBook
    from tiercel.engine.loop.beginning import Beginner
    from tiercel.engine.services.services import Services
    from tiercel.model.execution import Execution
    from tiercel.model.flow import Flow
    from tiercel.plugin.trigger import ScheduledTrigger

__all__ = ["FROM_TRIGGER", "Bound", "Starter", "find", "iso"]

_log = logging.getLogger(__name__)

FROM_TRIGGER = {"system.from": "trigger"}
"""The label of executions that a date, a poll or a request started."""


@record
class Bound:
    """A trigger with the flow that it stands in, in the flow's newest revision."""

    flow: Flow
    trigger: Trigger

    @property
    def is_active(self) -> bool:
        """Whether neither of them is disabled where it is declared."""
        return not (self.flow.disabled or self.trigger.disabled)


def find(flows: FlowBook, namespace: str, flow_id: str, trigger_id: str) -> Bound | None:
    """Return a trigger of a stored flow; None when there is none, or it cannot be read."""
    try:
        flow = flows.newest(namespace, flow_id)
    except NotFoundError:
        return None
    except FlowError as error:  # a plugin is gone, say
        _log.warning(
            "Trigger %s of %s.%s is out of work: %s", trigger_id, namespace, flow_id, error
        )
        return None
    for trigger in flow.triggers or ():
        if trigger.id == trigger_id and isinstance(trigger, Trigger):
            return Bound(flow, trigger)
    return None


class Starter:
    """Evaluates triggers.

    Args:
        services: expressions, and what their functions work on.
        shared: variables that every expression sees (`envs`, `globals`, `kestra`).
        beginner: types inputs and puts labels together.
        tenant: whose flows they are.
    """

    def __init__(
        self, services: Services, shared: Mapping[str, Any], beginner: Beginner, tenant: str
    ) -> None:
        self._services = services
        self._shared = shared
        self._beginner = beginner
        self._tenant = tenant

    # What a trigger looks at

    def context(
        self, bound: Bound, variables: Mapping[str, Any], *, date: datetime | None = None
    ) -> ConditionContext:
        """Return what a trigger and its conditions see.

        Args:
            bound: the trigger.
            variables: what expressions find under `trigger`, beside its `id` and `type`.
            date: the moment in question, for scheduled triggers.
        """
        own = {"id": bound.trigger.id, "type": _type(bound.trigger), **variables}
        return self._context(bound.flow, {"trigger": own, "schedule": variables}, date=date)

    def execution_context(
        self, bound: Bound, upstream: Execution, variables: Mapping[str, Any]
    ) -> ConditionContext:
        """Return what a trigger sees that is told of another flow's execution."""
        known = Variables(self._shared, self._services.reveal)
        known.note_all(upstream)
        upstream = replace(upstream, outputs=self.outputs(upstream))
        seen = {**known.of_execution(upstream), "trigger": self._services.reveal(variables)}
        return self._context(bound.flow, seen, execution=upstream)

    def outputs(self, execution: Execution) -> Any:
        """Return an execution's outputs, from their file if they are too big for the database."""
        return recall(execution.outputs, self._services.files)

    def _context(
        self,
        flow: Flow,
        variables: Mapping[str, Any],
        *,
        date: datetime | None = None,
        execution: Execution | None = None,
    ) -> ConditionContext:
        seen = {"vars": flow.variables or {}, **self._shared, **variables}
        seen["flow"] = {
            "id": flow.id,
            "namespace": flow.namespace,
            "revision": flow.revision,
            "tenantId": self._tenant,
        }
        environment, host = self._services.environment(), self._services.host()

        def evaluate(template: str, as_text: bool) -> Any:
            render = environment.render if as_text else environment.evaluate
            return render(template, seen, host)

        return ConditionContext(
            flow=FlowRef(flow.namespace, flow.id, flow.revision or 1, self._tenant),
            variables=seen,
            evaluate=evaluate,
            date=date,
            execution=execution,
        )

    def dates(self, bound: Bound) -> Dates:
        """Return the dates of a scheduled trigger."""
        trigger = cast("ScheduledTrigger", bound.trigger)
        bare = self.context(bound, {})

        def context(date: datetime) -> ConditionContext:
            variables = trigger.date_variables(
                date, trigger.previous_date(date, bare), trigger.next_date(date, bare)
            )
            return self.context(bound, _texts(variables), date=date)

        return Dates(trigger, context)

    def date_variables(self, bound: Bound, dates: Dates, date: datetime) -> dict[str, Any]:
        """Return what an execution started for a date sees as `trigger`."""
        trigger = cast("ScheduledTrigger", bound.trigger)
        return _texts(trigger.date_variables(date, dates.before(date), dates.after(date)))

    # What a trigger starts

    def started(
        self,
        bound: Bound,
        execution_id: str,
        context: ConditionContext,
        *,
        variables: Mapping[str, Any],
        inputs: Mapping[str, Any],
        labels: Mapping[str, str],
    ) -> ExecutionCreated:
        """Return what begins an execution that a trigger starts.

        Args:
            bound: the trigger.
            execution_id: the new execution's id.
            context: what expressions in `inputs` and in labels see.
            variables: what the execution sees as `trigger`; JSON-like.
            inputs: values by input id, unrendered.
            labels: labels beside the flow's and the trigger's own, as they are.

        Raises:
            ExpressionError: an expression is wrong.
            InputError: an input is missing or invalid.
        """
        flow, trigger = bound.flow, bound.trigger
        own = {
            label.key: context.evaluate(label.value, True)
            for label in trigger.labels or ()
            if label.key != CORRELATION_ID
        }
        rendered = {name: _rendered(context, value) for name, value in inputs.items()}
        event = self._beginner.created(flow, execution_id, rendered, {**own, **labels})
        told = self._stored(flow, execution_id, self._services.sealed(plain(variables)))
        return replace(event, trigger={"id": trigger.id, "type": _type(trigger), "variables": told})

    def _stored(self, flow: Flow, execution_id: str, told: dict[str, Any]) -> dict[str, Any]:
        """Return what a trigger tells as it goes to the database; `outputs` may be too big."""
        outputs = told.get("outputs")
        if not isinstance(outputs, dict):
            return told
        folder = uris.outputs_folder(uris.execution_folder(flow.namespace, flow.id, execution_id))
        files, limit = self._services.files, self._services.inline_limit
        stored = spill(outputs, limit, lambda: files.create(f"{folder}/trigger.json"))
        return {**told, "outputs": stored}

    def explain(self, error: Exception) -> str:
        """Return what people are told of an error, without secrets."""
        return self._services.masker.mask(error_text(error))

    def failed(
        self, bound: Bound, execution_id: str, date: datetime, error: Exception
    ) -> tuple[ExecutionCreated, list[LogEntry]]:
        """Return what begins an execution that fails at once, since its trigger did.

        So a trigger that cannot be evaluated is seen where people look: among the executions.
        """
        flow, trigger = bound.flow, bound.trigger
        assert flow.revision is not None
        reason = self.explain(error)
        zone = getattr(date.tzinfo, "key", None) or "UTC"
        message = (
            f"[trigger: {trigger.id}] [date: {iso(date)}[{zone}]] "
            f"Evaluate Failed with error '{reason}'"
        )
        event = ExecutionCreated(
            at=self._services.clock.now(),
            execution_id=execution_id,
            tenant=self._tenant,
            namespace=flow.namespace,
            flow_id=flow.id,
            flow_revision=flow.revision,
            labels=tuple({CORRELATION_ID: execution_id, **dict(flow.label_pairs())}.items()),
            trigger={"id": trigger.id, "type": _type(trigger), "variables": {}},
            refusal=reason,
        )
        return event, [LogEntry(execution_id, event.at, "ERROR", message)]


def iso(date: datetime) -> str:
    """Return a date as Java prints it: `2024-01-31T08:00:00Z`, `2024-01-31T08:00:00+01:00`."""
    return date.isoformat().replace("+00:00", "Z")


def _texts(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: iso(value) if isinstance(value, datetime) else value
        for name, value in variables.items()
    }


def _type(trigger: Trigger) -> str:
    return trigger.type_name or trigger.type


def _rendered(context: ConditionContext, value: Any) -> Any:
    if isinstance(value, str):
        return context.evaluate(value, False)
    if isinstance(value, list):
        return [_rendered(context, item) for item in value]
    if isinstance(value, dict):
        return {str(key): _rendered(context, item) for key, item in value.items()}
    return value
