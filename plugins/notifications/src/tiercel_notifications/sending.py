"""How messages are sent over HTTP: the options that all tasks share, and one POST.

The exchange itself is that of the HTTP tasks: their proxies, certificates, outbound policy. A
webhook's URL is as good as a password, so no message and no log line of ours holds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from tiercel.plugin import (
    Duration,
    Metric,
    Model,
    OutboundPolicy,
    Property,
    RunContext,
    TaskError,
    TaskKilledError,
    Text,
)
from tiercel_http.body import Body
from tiercel_http.options import Settings
from tiercel_http.task import Call, safe_uri

__all__ = ["RequestOptions", "parsed", "post"]

# How much of a refusal goes into the error message.
_MESSAGE = 1000
# How long an answer may be at all, in bytes.
_LONGEST = 10 * 1024 * 1024


class RequestOptions(Model):
    """How the request is made."""

    connect_timeout: Property[Duration] | None = None
    """How long connecting may take; ten seconds by default."""
    read_timeout: Property[Duration] = Property.of(timedelta(seconds=10))
    """How long the service may take to answer."""
    read_idle_timeout: Property[Duration] = Property.of(timedelta(minutes=5))
    """Accepted for compatibility; `readTimeout` is shorter."""
    connection_pool_idle_timeout: Property[Duration] | None = None
    """Accepted for compatibility; there is one connection."""
    max_content_length: Property[int] | None = None
    """Accepted for compatibility; answers are short."""
    default_charset: Property[str] = Property.of("UTF-8")
    """The charset of the answer, where it names none."""
    headers: Property[dict[str, Text]] | None = None
    """Headers to send."""


def parsed(payload: Any) -> Any:
    """Return a payload as data; text must be JSON.

    Raises:
        TaskError: it is not.
    """
    if not isinstance(payload, str):
        return payload
    try:
        return json.loads(payload)
    except ValueError as error:
        raise TaskError(f"The payload is not JSON: {error}", retryable=False) from error


def post(
    ctx: RunContext,
    url: str,
    payload: Any,
    options: RequestOptions | None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send a payload as JSON.

    Args:
        ctx: what the task was given.
        url: where to.
        payload: data, as JSON can hold it.
        options: how; the defaults when None.
        headers: further headers.

    Raises:
        TaskError: the service cannot be reached, must not be, or refused.
    """
    from tiercel_http.client import exchange

    options = options or RequestOptions()
    host = _host(url)
    asked = ctx.render(options.headers)
    given = {"Content-Type": "application/json", **(asked or {}), **(headers or {})}
    body = json.dumps(payload, ensure_ascii=False)
    discreet = _Discreet(ctx, url, host)
    discreet.log("DEBUG", f"Sending to {host}: {body}")
    call = Call("POST", url, tuple(given.items()), Body((body.encode(),), given["Content-Type"]))
    try:
        with exchange(discreet, call, _settings(ctx, options)) as reply:
            charset = reply.charset or ctx.render(options.default_charset)
            text = b"".join(islice(reply.chunks(), 1)).decode(charset, "replace")
    except TaskKilledError as error:
        raise TaskKilledError(f"The message to {host} was stopped") from error
    except TaskError as error:
        # What may follow is advice about options that only the HTTP tasks have.
        reason = discreet.without_url(str(error)).partition("; options.")[0]
        message = f"Cannot send the message to {host}: {reason}"
        raise TaskError(message, retryable=error.retryable) from error
    if reply.code >= HTTPStatus.BAD_REQUEST:
        raise TaskError(f"{host} answered {reply.code}: {text[:_MESSAGE].strip()}")
    ctx.log("INFO", "Request succeeded")


def _settings(ctx: RunContext, options: RequestOptions) -> Settings:
    connect = ctx.render(options.connect_timeout) or timedelta(seconds=10)
    return Settings(
        connect_seconds=connect.total_seconds(),
        idle_seconds=ctx.render(options.read_timeout).total_seconds(),
        follow_redirects=True,
        allow_failed=True,
        allowed_codes=frozenset(),
        charset=ctx.render(options.default_charset),
        max_length=_LONGEST,
        verify=True,
        credentials=None,
        proxy=None,
        logs=frozenset(),
    )


def _host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TaskError("Invalid `url`: expected one like 'https://host/path'", retryable=False)
    return parts.hostname


class _Discreet:
    """Stands between a task's context and the exchange: whatever it says holds no URL."""

    def __init__(self, ctx: RunContext, url: str, host: str) -> None:
        self._ctx = ctx
        self._url = safe_uri(url)
        self._host = host
        self.on_kill = ctx.on_kill

    @property
    def cancelled(self) -> bool:
        return self._ctx.cancelled

    @property
    def outbound(self) -> OutboundPolicy:
        return self._ctx.outbound

    def log(self, level: str, message: str) -> None:
        self._ctx.log(level, self.without_url(message))

    def metric(self, metric: Metric) -> None:
        """Count nothing: these tasks declare no metrics."""

    def without_url(self, text: str) -> str:
        return text.replace(self._url, self._host)
