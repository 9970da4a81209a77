"""How messages are sent over HTTP: the options that all tasks share, and one POST.

A webhook's URL is as good as a password, so no message and no log line of ours holds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from tiercel.plugin import Duration, Model, Property, RunContext, TaskError, Text

__all__ = ["RequestOptions", "parsed", "post"]

# How much of a refusal goes into the error message.
_MESSAGE = 1000


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
        TaskError: the service cannot be reached, or refused.
    """
    import httpx

    options = options or RequestOptions()
    host = _host(url)
    timeout = httpx.Timeout(
        ctx.render(options.read_timeout).total_seconds(),
        connect=(ctx.render(options.connect_timeout) or timedelta(seconds=10)).total_seconds(),
    )
    asked = ctx.render(options.headers)
    given = {**(asked or {}), **(headers or {})}
    body = json.dumps(payload, ensure_ascii=False).encode()
    ctx.log("DEBUG", f"Sending to {host}: {body.decode()}")
    try:
        with httpx.Client(timeout=timeout, follow_redirects=True) as client:
            reply = client.post(
                url, content=body, headers={"Content-Type": "application/json", **given}
            )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error).replace(url, host) or type(error).__name__
        raise TaskError(f"Cannot send the message to {host}: {reason}") from error
    reply.encoding = reply.charset_encoding or ctx.render(options.default_charset)
    if reply.is_error:
        raise TaskError(f"{host} answered {reply.status_code}: {reply.text[:_MESSAGE].strip()}")
    ctx.log("INFO", "Request succeeded")


def _host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TaskError("Invalid `url`: expected one like 'https://host/path'", retryable=False)
    return parts.hostname
