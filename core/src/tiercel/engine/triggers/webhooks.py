"""`Webhooks`: executions that HTTP requests start. Whoever serves HTTP hands the requests over."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from tiercel._record import record
from tiercel.engine.plain import plain
from tiercel.engine.triggers.firing import Firing
from tiercel.engine.triggers.starts import FROM_TRIGGER, Bound
from tiercel.errors import (
    ExpressionError,
    FlowError,
    InputError,
    NotFoundError,
    TaskError,
    TiercelError,
)
from tiercel.plugin.trigger import Refuse, RequestTrigger

if TYPE_CHECKING:
    from tiercel._ids import IdSource
    from tiercel.engine.triggers.parts import SchedulerParts
    from tiercel.model.execution import Execution
    from tiercel.plugin.trigger import Request

__all__ = ["Answer", "Webhooks"]

_log = logging.getLogger(__name__)


@record
class Answer:
    """What to answer to a request.

    Attributes:
        status: the HTTP status.
        outputs: the flow's outputs, when they are to be the body; None otherwise.
        content_type: the media type of a body made of the outputs.
        execution_id: the execution that was started, which is the body when there are no outputs.
        error: why nothing was started.
    """

    status: int
    outputs: Any = None
    content_type: str = "application/json"
    execution_id: str | None = None
    error: str | None = None

    @property
    def body(self) -> Any:
        """What the answer's body says: the outputs, as JSON text if it is to be plain text."""
        if self.outputs is None or self.content_type != "text/plain":
            return self.outputs
        return json.dumps(self.outputs, ensure_ascii=False, separators=(",", ":"))


class Webhooks:
    """The triggers that react to requests.

    Args:
        parts: of the scheduler beside which it works.
        ids: names the executions.
        wait: (execution id, seconds) → the execution once nothing more happens in it; raises
            TimeoutError.
    """

    def __init__(
        self,
        parts: SchedulerParts,
        ids: IdSource,
        wait: Callable[[str, float | None], Execution],
    ) -> None:
        self._parts = parts
        self._ids = ids
        self._wait = wait
        self._firing = Firing(parts.repository, parts.driver)

    def receive(
        self, namespace: str, flow_id: str, key: str, request: Request, timeout: float | None
    ) -> Answer:
        """Start an execution by a request; return what is to be answered.

        Statuses: 404 for an unknown flow or key, 409 when the flow is disabled, a condition does
        not hold or the inputs are not what the flow needs (Kestra 1.3), or the trigger's own.
        """
        try:
            bound = self._bound(namespace, flow_id, key)
        except NotFoundError as error:
            return Answer(404, error=str(error))
        if bound.flow.disabled:
            return Answer(409, error="Requested Flow is disabled.")
        try:
            return self._start(bound, request, timeout)
        except (InputError, ExpressionError, TaskError) as error:
            return Answer(409, error=self._parts.starter.explain(error))

    def _bound(self, namespace: str, flow_id: str, key: str) -> Bound:
        """Return the trigger that a key belongs to.

        Raises:
            NotFoundError: there is none, or it is turned off.
        """
        try:
            flow = self._parts.flows.newest(namespace, flow_id)
        except (NotFoundError, FlowError) as error:
            raise NotFoundError("Flow not found") from error
        for trigger in flow.triggers or ():
            if isinstance(trigger, RequestTrigger) and not trigger.disabled:
                bound = Bound(flow, trigger)
                if self._is_key(bound, trigger, key) and not self._is_off(bound):
                    return bound
        raise NotFoundError("Webhook not found")

    def _is_key(self, bound: Bound, trigger: RequestTrigger, key: str) -> bool:
        try:
            wanted = trigger.secret_key(self._parts.starter.context(bound, {}))
        except TiercelError as error:  # its key is an expression that is wrong
            _log.warning("Trigger %s of flow %s has no key: %s", trigger.id, bound.flow.id, error)
            return False
        # How long the comparison takes must not tell how much of a guess is right.
        return bool(wanted) and hmac.compare_digest(wanted.encode(), key.encode())

    def _is_off(self, bound: Bound) -> bool:
        flow, tenant = bound.flow, self._parts.tenant
        try:
            known = self._parts.repository.trigger(
                tenant, flow.namespace, flow.id, bound.trigger.id
            )
        except NotFoundError:
            return True  # the flow is stored, but not deployed
        return known.disabled

    def _start(self, bound: Bound, request: Request, timeout: float | None) -> Answer:
        starter, trigger = self._parts.starter, cast("RequestTrigger", bound.trigger)
        verdict = trigger.receive(request, starter.context(bound, {}))
        if isinstance(verdict, Refuse):
            return Answer(verdict.status, error=verdict.message)
        variables = plain(verdict.variables)
        context = starter.context(bound, variables)
        if not all(each.holds(context) for each in trigger.all_conditions()):
            return Answer(409, error="A condition of the trigger does not hold")
        execution_id = self._ids.new()
        event = starter.started(
            bound,
            execution_id,
            context,
            variables=variables,
            inputs=trigger.start_inputs(),
            labels=FROM_TRIGGER,
        )
        self._firing.start(event, bound.flow, ())
        if not trigger.wait:
            return Answer(200, execution_id=execution_id)
        return self._answer(bound, trigger, self._wait(execution_id, timeout))

    def _answer(self, bound: Bound, trigger: RequestTrigger, ended: Execution) -> Answer:
        context = self._parts.starter.execution_context(bound, ended, ended.trigger or {})
        return Answer(
            status=trigger.answer_status(context),
            outputs=(self._parts.starter.outputs(ended) or {}) if trigger.return_outputs else None,
            content_type=trigger.answer_content_type(),
            execution_id=ended.id,
        )
