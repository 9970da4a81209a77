"""`Request`: an HTTP call whose reply becomes data for later tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tiercel.plugin import Example, MetricInfo, Output, Property, RunContext, Uri
from tiercel_http.task import HttpTask, public_uri

if TYPE_CHECKING:
    from tiercel_http.options import Settings
    from tiercel_http.task import HttpCall

__all__ = ["METRICS", "Request", "RequestOutput", "fetch"]

METRICS: tuple[MetricInfo, ...] = (
    MetricInfo("response.length", "counter", "The length that the reply declares, in bytes"),
    MetricInfo("request.count", "counter", "Requests sent"),
    MetricInfo("request.bytes", "counter", "Bytes of body sent"),
    MetricInfo("response.bytes", "counter", "Bytes of body received"),
    MetricInfo("response.count", "counter", "Replies received"),
)
"""What every HTTP task reports, tagged with method, scheme, host name and status code."""


class RequestOutput(Output):
    """What `Request` gives to later tasks."""

    uri: Uri | None = None
    """Where the request went."""
    code: int | None = None
    """The status code of the reply."""
    headers: dict[str, list[str]] | None = None
    """The headers of the reply: a list of values by the name in lower case."""
    body: Any = None
    """The body of the reply; absent when a reply of its kind has none."""
    encrypted_body: Any = None
    """The body, encrypted, when `encryptBody` is set."""
    form_data: dict[str, Any] | None = None
    """Unused, as in Kestra."""


class Request(HttpTask[RequestOutput]):
    """Make an HTTP request and keep the reply as output.

    For large replies use `Download`, which streams them into internal storage.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Call an API and use its JSON reply",
            """\
id: call_an_api
namespace: company.team

tasks:
  - id: products
    type: io.kestra.plugin.core.http.Request
    uri: https://dummyjson.com/products

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.products.body | jq('.products[0].title') | first }}"
""",
        ),
        Example(
            "Send JSON that expressions put together, with a token",
            """\
id: send_json
namespace: company.team

inputs:
  - id: message
    type: STRING
    defaults: |-
      A message
      of two lines.

tasks:
  - id: send
    type: io.kestra.plugin.core.http.Request
    uri: https://example.com/messages
    method: POST
    options:
      auth:
        type: BEARER
        token: "{{ secret('API_TOKEN') }}"
    body: |
      {{ {
        "message": inputs.message,
        "flow": flow.id
      } }}
""",
        ),
        Example(
            "Upload a file as part of a form",
            """\
id: upload_a_file
namespace: company.team

inputs:
  - id: report
    type: FILE

tasks:
  - id: upload
    type: io.kestra.plugin.core.http.Request
    uri: https://example.com/upload
    method: POST
    contentType: multipart/form-data
    formData:
      title: Monthly report
      file:
        name: report.csv
        content: "{{ inputs.report }}"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = METRICS

    encrypt_body: Property[bool] = Property.of(False)
    """Keep the reply's body encrypted in the outputs, as `encryptedBody`."""

    def run(self, ctx: RunContext) -> RequestOutput:
        """Send the request and return the reply.

        Raises:
            TaskError: there is no reply, or not one that the options accept.
        """
        output, _ = fetch(ctx, self, self.settings(ctx), self.encrypt_body)
        return output


def fetch(
    ctx: RunContext, http: HttpCall, settings: Settings, encrypt: Property[bool]
) -> tuple[RequestOutput, str | None]:
    """Send a request; return the reply as outputs, and its body in clear.

    Raises:
        TaskError: there is no reply, or not one that the settings accept.
    """
    from tiercel_http.client import exchange

    call = http.call(ctx, settings)
    with exchange(ctx, call, settings) as reply:
        data = b"".join(reply.chunks(settings.max_length)) if reply.has_body else None
    body = None if data is None else _text(ctx, data, reply.charset or settings.charset)
    if body is not None and "RESPONSE_BODY" in settings.logs:
        ctx.log("TRACE", f"response payload:\n    {body}")
    sealed = ctx.seal(body) if body is not None and ctx.render(encrypt) else None
    output = RequestOutput(
        uri=public_uri(ctx, call.uri),
        code=reply.code,
        headers=reply.headers,
        body=None if sealed else body,
        encrypted_body=sealed,
    )
    return output, body


def _text(ctx: RunContext, data: bytes, charset: str) -> str:
    try:
        return data.decode(charset)
    except (LookupError, UnicodeDecodeError):
        ctx.log("WARN", f"Response body is not {charset} text; use Download to keep its bytes")
        return data.decode("utf-8", "replace")
