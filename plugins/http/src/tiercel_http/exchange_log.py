"""What the `logs` option writes about an exchange; credentials never."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TYPE_CHECKING, Protocol

from tiercel.plugin import Metric, OutboundPolicy
from tiercel_http.body import Body
from tiercel_http.task import safe_uri

if TYPE_CHECKING:
    import httpx

__all__ = ["Watcher", "log_request", "log_response"]

_SECRET = {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
_BODY_CHARACTERS = 10_000


class Watcher(Protocol):
    """What an exchange needs of a `RunContext`: whom to tell, how to be stopped, where to go."""

    @property
    def cancelled(self) -> bool:
        """Whether the exchange was told to stop."""
        ...

    @property
    def outbound(self) -> OutboundPolicy:
        """Which servers may be talked to."""
        ...

    def log(self, level: str, message: str) -> None:
        """Log one line."""
        ...

    def metric(self, metric: Metric) -> None:
        """Record a measurement."""
        ...

    def on_kill(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when the exchange must stop."""
        ...


def log_request(ctx: Watcher, logs: Set[str], request: httpx.Request, body: Body | None) -> None:
    """Log a request as it is about to be sent; `body` is what its call came with."""
    if "REQUEST_HEADERS" in logs:
        ctx.log("DEBUG", f"request:\n    {request.method} {safe_uri(str(request.url))}")
        ctx.log("DEBUG", "request headers:" + _lines(request.headers))
    if "REQUEST_BODY" in logs:
        # A redirect may have turned a POST into a GET, without the body.
        sent = body if "content-length" in request.headers else None
        text = sent.preview()[:_BODY_CHARACTERS] if sent else "null"
        ctx.log("TRACE", f"request payload:\n    {text}")


def log_response(ctx: Watcher, logs: Set[str], response: httpx.Response) -> None:
    """Log a response whose headers have come."""
    uri = safe_uri(str(response.request.url))
    ctx.log("DEBUG", f"Request '{uri}' with the response code '{response.status_code}'")
    if "RESPONSE_HEADERS" in logs:
        ctx.log("DEBUG", f"response:\n    reason: {response.reason_phrase}")
        ctx.log("DEBUG", "response headers:" + _lines(response.headers))


def _lines(headers: httpx.Headers) -> str:
    return "".join(
        f"\n    {name}: {'******' if name.lower() in _SECRET else value}"
        for name, value in headers.multi_items()
    )
