"""One HTTP exchange for a task: sends its call, reads the reply, explains what went wrong.

Importing this module imports httpx, so tasks do it when they run.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from tiercel.plugin import Metric, OutboundError, OutboundPolicy, TaskError, TaskKilledError
from tiercel_http.exchange_log import Watcher, log_request, log_response
from tiercel_http.network import Dialer, Origin, ProxyError
from tiercel_http.options import Credentials, Proxy, Settings
from tiercel_http.task import Call, safe_uri
from tiercel_http.transport import SocketTransport

__all__ = ["Reply", "exchange"]

# How much of a failed reply's body goes into the error message.
_MESSAGE_BYTES = 10_000
_NO_BODY = frozenset({204, 205, 304})


class Reply:
    """A response whose body is still to be read."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.received = 0

    @property
    def code(self) -> int:
        """The status code."""
        return self._response.status_code

    @property
    def has_body(self) -> bool:
        """Whether there can be a body at all; an empty one counts."""
        return self._response.request.method != "HEAD" and self.code not in _NO_BODY

    @cached_property
    def headers(self) -> dict[str, list[str]]:
        """All values of each header, by its name in lower case.

        A decompressed body is no longer what its encoding and length headers say, so these go.
        """
        headers = self._response.headers
        decoded = self.has_body and "content-encoding" in headers
        gone = {"content-encoding", "content-length", "content-md5"} if decoded else ()
        return {name: headers.get_list(name) for name in headers if name not in gone}

    @property
    def length(self) -> int | None:
        """How long the body will be, in bytes; None when nobody knows."""
        text = self.headers.get("content-length", [""])[0]
        return int(text) if text.isdecimal() else None

    @property
    def charset(self) -> str | None:
        """The charset that the reply names."""
        return self._response.charset_encoding

    def chunks(self, limit: int | None = None) -> Iterator[bytes]:
        """Return the body's bytes, decompressed, as they come.

        Raises:
            TaskError: there are more than `limit` bytes.
        """
        if limit is not None and (self.length or 0) > limit:
            raise _too_long(limit)
        for chunk in self._response.iter_bytes():
            self.received += len(chunk)
            if limit is not None and self.received > limit:
                raise _too_long(limit)
            yield chunk


@contextmanager
def exchange(ctx: Watcher, call: Call, settings: Settings) -> Iterator[Reply]:
    """Send `call` and yield its reply; the connection closes at the end of the block.

    Raises:
        TaskError: the server cannot be reached, breaks off, or answers with a code that
            `settings` does not accept.
        TaskKilledError: the attempt was told to stop.
    """
    transport = SocketTransport(_dialer(settings, ctx.outbound))
    ctx.on_kill(transport.abort)
    try:
        with _client(ctx, call, settings, transport) as client:
            request = _request(client, call)
            response = client.send(request, auth=_auth(settings.credentials), stream=True)
            reply = Reply(response)
            try:
                if not settings.accepts(reply.code):
                    raise _refused(reply)
                yield reply
            finally:
                response.close()
                _measure(ctx, call, reply)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        if ctx.cancelled:
            raise TaskKilledError(f"Request to {safe_uri(call.uri)} was stopped") from error
        raise _explained(error, call, settings) from error


def _client(
    ctx: Watcher, call: Call, settings: Settings, transport: SocketTransport
) -> httpx.Client:
    client = httpx.Client(
        transport=transport,
        follow_redirects=settings.follow_redirects,
        timeout=httpx.Timeout(settings.idle_seconds, connect=settings.connect_seconds),
        trust_env=False,
        event_hooks={
            "request": [lambda request: log_request(ctx, settings.logs, request, call.body)],
            "response": [lambda response: log_response(ctx, settings.logs, response)],
        },
    )
    # Kestra's client names itself like this, sends no `Accept` and, unlike us, pools connections.
    client.headers["User-Agent"] = "Kestra"
    client.headers["Connection"] = "close"
    del client.headers["Accept"]
    return client


def _request(client: httpx.Client, call: Call) -> httpx.Request:
    headers = [(name.encode(), value.encode()) for name, value in call.headers]
    if call.body is None:
        return client.build_request(call.method, call.uri, headers=headers)
    headers.append((b"Content-Length", str(call.body.length).encode()))
    return client.build_request(call.method, call.uri, headers=headers, content=call.body)


def _auth(credentials: Credentials | None) -> httpx.Auth | None:
    match credentials:
        case None:
            return None
        case Credentials("BEARER", _, token):
            return _Bearer(token)
        case Credentials("DIGEST", username, password):
            return httpx.DigestAuth(username, password)
        case Credentials(_, username, password):
            return httpx.BasicAuth(username, password)


class _Bearer(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]  # nothing is sent back to it
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _dialer(settings: Settings, policy: OutboundPolicy) -> Dialer:
    def tls() -> ssl.SSLContext:
        return httpx.create_ssl_context(verify=settings.verify)

    def proxy(origin: Origin) -> Proxy | None:
        return settings.proxy or _proxy_of_environment(origin)

    return Dialer(tls, proxy, policy)


def _proxy_of_environment(origin: Origin) -> Proxy | None:
    proxies = getproxies()
    text = proxies.get(origin.scheme) or proxies.get("all")
    local = origin.host == "localhost" or origin.host.startswith("127.") or origin.host == "::1"
    if not text or local or proxy_bypass(origin.host):
        return None
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if not parts.hostname:
        return None
    kind = "SOCKS" if parts.scheme.startswith("socks") else "HTTP"
    port = parts.port or (1080 if kind == "SOCKS" else 80)
    return Proxy(kind, parts.hostname, port, parts.username, parts.password, is_ambient=True)


def _too_long(limit: int) -> TaskError:
    return TaskError(
        f"Response body is longer than {limit} bytes; raise options.maxContentLength, "
        "or use the Download task, which takes any size",
        retryable=False,
    )


def _refused(reply: Reply) -> TaskError:
    message = f"Failed http request with response code '{reply.code}'"
    body = bytearray()
    for chunk in reply.chunks() if reply.has_body else ():
        body += chunk
        if len(body) > _MESSAGE_BYTES:
            break
    text = body[:_MESSAGE_BYTES].decode("utf-8", "replace")
    if len(body) > _MESSAGE_BYTES:
        text += f"… (cut after {_MESSAGE_BYTES} bytes)"
    return TaskError(f"{message} and body:\n{text}" if text else message)


def _measure(ctx: Watcher, call: Call, reply: Reply) -> None:
    parts = urlsplit(call.uri)
    tags = {
        "request.method": call.method,
        "request.scheme": parts.scheme,
        "request.hostname": parts.hostname or "",
        "response.code": str(reply.code),
    }
    length = reply.received if reply.length is None else reply.length
    for name, value in {
        "response.length": length,
        "request.count": 1,
        "request.bytes": call.body.length if call.body else 0,
        "response.bytes": reply.received,
        "response.count": 1,
    }.items():
        ctx.metric(Metric.counter(name, value, **tags))


def _explained(error: Exception, call: Call, settings: Settings) -> TaskError:
    """Return what to tell the flow's author about an exchange that failed."""
    uri = safe_uri(call.uri)
    match error:
        case httpx.ConnectTimeout():
            return TaskError(
                f"Connect to {_target(error)} failed: "
                f"timed out after {settings.connect_seconds:g} s"
            )
        case httpx.ConnectError():
            refused = isinstance(error.__cause__, OutboundError)
            message = f"Connect to {_target(error)} failed: {_reason(error)}"
            return TaskError(message, retryable=not refused)
        case httpx.TimeoutException():
            return TaskError(
                f"Read timed out: {uri} was silent for {settings.idle_seconds:g} s; "
                "options.timeout.readIdleTimeout allows more"
            )
        case httpx.TooManyRedirects():
            return TaskError(f"Too many redirects from {uri}")
        case httpx.DecodingError():
            return TaskError(f"Response body of {uri} cannot be decompressed: {error}")
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return TaskError(f"Invalid URI {uri!r}: {error}", retryable=False)
        case httpx.LocalProtocolError():
            return TaskError(f"Request to {uri} cannot be sent: {error}", retryable=False)
    return TaskError(f"Request to {uri} failed: {_reason(error)}")


def _target(error: httpx.ConnectError | httpx.ConnectTimeout) -> str:
    # After a redirect this is not the call's own URI.
    url = error.request.url
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _reason(error: Exception) -> str:
    match error.__cause__:
        case ProxyError() | OutboundError() as cause:
            return str(cause)
        case ssl.SSLCertVerificationError(verify_message=message):
            return f"TLS certificate is not trusted: {message}"
        case ssl.SSLError(reason=str(reason)):
            return f"TLS handshake broke: {reason.replace('_', ' ').lower()}"
        case OSError(strerror=str(reason)):
            return reason
    return str(error) or type(error).__name__
