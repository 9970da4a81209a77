"""`Trigger`: asks a server again and again, until its reply is what is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import WithJsonSchema

from tiercel.plugin import (
    Example,
    Output,
    PollingTrigger,
    Property,
    RunContext,
    is_true,
    render_with,
)
from tiercel_http.request import RequestOutput, fetch
from tiercel_http.task import HttpCall

__all__ = ["Trigger", "TriggerOutput"]


class TriggerOutput(RequestOutput):
    """What an execution sees as `trigger`: the reply."""

    encrypted_body: Annotated[Any, WithJsonSchema({"type": "string"})] = None
    """The body, encrypted, when `encryptBody` is set; expressions see it in clear."""


class Trigger(HttpCall, PollingTrigger):
    """Start an execution when a server's reply meets a condition.

    The execution sees the reply as `trigger`, with the outputs of `Request`.
    """

    output_type: ClassVar[type[Output] | None] = TriggerOutput
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run once the price has fallen",
            """\
id: price_alert
namespace: company.team

tasks:
  - id: tell
    type: io.kestra.plugin.core.log.Log
    message: "The price is {{ fromJson(trigger.body).price }} now"

triggers:
  - id: price
    type: io.kestra.plugin.core.http.Trigger
    uri: https://dummyjson.com/products/1
    responseCondition: "{{ fromJson(response.body).price <= 110 }}"
    interval: PT30S
    stopAfter: [SUCCESS]
""",
        ),
    )

    extra_variables: ClassVar[Mapping[str, str]] = {
        "response": "The reply: its `statusCode`, `body` and `headers`.",
    }

    response_condition: Property[str] = Property("{{ response.statusCode < 400 }}", str)
    """What must be true of the reply: `response.statusCode`, `response.body`, `response.headers`.

    The reply may have any status code.
    """
    encrypt_body: Property[bool] = Property.of(False)
    """Keep the reply's body encrypted, as `trigger.encryptedBody`."""

    def poll(self, ctx: RunContext) -> TriggerOutput | None:
        """Send the request; return the reply if it meets the condition.

        Raises:
            TaskError: there is no reply.
        """
        settings = replace(self.settings(ctx), allow_failed=True)
        output, body = fetch(ctx, self, settings, self.encrypt_body)
        ctx.log("DEBUG", f"{output.uri} respond with status code '{output.code}'")
        response = {"statusCode": output.code, "body": body, "headers": output.headers}
        met = is_true(render_with(ctx, self.response_condition, {"response": response}))
        return TriggerOutput(**dict(output)) if met else None
