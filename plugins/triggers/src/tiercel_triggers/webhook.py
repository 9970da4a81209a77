"""The trigger that reacts to HTTP requests."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from tiercel.plugin import (
    Accept,
    AnyCondition,
    ConditionContext,
    Dynamic,
    Example,
    Output,
    Property,
    Refuse,
    Request,
    RequestTrigger,
    State,
    Text,
)
from tiercel_triggers.preconditions import MultipleCondition

__all__ = ["Webhook"]


class WebhookOutput(Output):
    """What expressions find under `trigger`."""

    body: Any = None
    """What was sent: data when it is JSON, else text."""
    headers: dict[str, list[str]] | None = None
    """The request's headers."""
    parameters: dict[str, list[str]] | None = None
    """The parameters in its address."""


class Webhook(RequestTrigger):
    """Start an execution on an HTTP request (GET, POST or PUT) to an address with a key.

    The address is `/api/v1/executions/webhook/{namespace}/{flow}/{key}`. The execution sees the
    request as `trigger.body`, `trigger.headers` and `trigger.parameters`: the body as data if it
    is a JSON object or list, as text otherwise; headers and parameters as lists of their values.
    """

    output_type: ClassVar[type[Output] | None] = WebhookOutput
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run on a request, with a part of its body as an input",
            """
            id: order
            namespace: company.team

            inputs:
              - id: number
                type: INT

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: "Order {{ inputs.number }}"

            triggers:
              - id: shop
                type: io.kestra.plugin.core.trigger.Webhook
                key: "{{ secret('SHOP_KEY') }}"
                inputs:
                  number: "{{ trigger.body.number }}"
            """,
        ),
        Example(
            "Answer with the flow's outputs",
            """
            id: twice
            namespace: company.team

            tasks:
              - id: double
                type: io.kestra.plugin.core.debug.Return
                format: "{{ trigger.body.value * 2 }}"

            outputs:
              - id: doubled
                type: INT
                value: "{{ outputs.double.value }}"

            triggers:
              - id: api
                type: io.kestra.plugin.core.trigger.Webhook
                key: a-long-and-random-key
                wait: true
                returnOutputs: true
            """,
        ),
    )

    key: Annotated[Text, Field(max_length=256), Dynamic]
    """The end of the address, which whoever sends requests must know; may be an expression."""
    response_content_type: Literal["application/json", "text/plain"] | None = None
    """The media type of the answer, with `wait` and `returnOutputs`."""
    response_code: Property[int] | None = None
    """The HTTP status of the answer, with `wait`: 200 or, when the execution failed, 500."""

    @field_validator("conditions")
    @classmethod
    def _conditions_are_about_one_request(
        cls, conditions: list[AnyCondition] | None
    ) -> list[AnyCondition] | None:
        if any(isinstance(each, MultipleCondition) for each in conditions or ()):
            raise ValueError(
                "invalid webhook: conditions of type MultipleCondition are not supported"
            )
        return conditions

    def secret_key(self, context: ConditionContext) -> str:
        """Return the rendered `key`."""
        key: str = context.evaluate(self.key, True)
        return key.strip()

    def receive(self, request: Request, context: ConditionContext) -> Accept | Refuse:
        """Accept every request that has nothing after the key."""
        if request.path:
            return Refuse(404, "Webhook not found")
        variables: dict[str, Any] = {
            "headers": {name: list(values) for name, values in request.headers.items()},
            "parameters": {name: list(values) for name, values in request.query.items()},
        }
        if request.body:
            variables = {"body": _data(request.body), **variables}
        return Accept(variables)

    def answer_status(self, context: ConditionContext) -> int:
        """Return `responseCode`, which sees the execution, or what its end says."""
        if self.response_code is not None:
            return context.render(self.response_code)
        failed = context.execution is not None and context.execution.state is State.FAILED
        return 500 if failed else 200

    def answer_content_type(self) -> str:
        """Return `responseContentType`, JSON by default."""
        return self.response_content_type or "application/json"


def _data(body: bytes) -> Any:
    """Return a body as data if it is a JSON object or list, else as text, else as base64."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return data if isinstance(data, dict | list) else text
