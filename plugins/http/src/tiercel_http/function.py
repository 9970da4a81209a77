"""The function `http(uri, …)` of expressions: the data of a reply, in the middle of a template."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from tiercel.plugin import (
    Entry,
    EvaluationContext,
    EvaluationError,
    Metric,
    OutboundPolicy,
    TaskError,
    outbound_policy,
)
from tiercel_http.body import Body
from tiercel_http.options import HttpOptions
from tiercel_http.task import Call, checked_uri, with_params

__all__ = ["HTTP", "http"]

_JSON = "application/json"


def http(  # noqa: PLR0913  # the arguments of Kestra's function
    context: EvaluationContext,
    uri: Any,
    method: Any = None,
    query: Any = None,
    body: Any = None,
    content_type: Any = None,
    headers: Any = None,
    options: Any = None,
    accept: Any = None,
) -> Any:
    """Make a request and return the reply's data: JSON where it is JSON, otherwise text.

    Args:
        context: the rendering that it is part of.
        uri: where it goes, in full.
        method: GET by default.
        query: a map of query parameters.
        body: text, or data to send as JSON, or as a form if `content_type` says so.
        content_type: the type of the body; JSON by default.
        headers: a map of names to a value or a list of values.
        options: the `options` of the `Request` task.
        accept: the type to ask for; JSON by default.

    Raises:
        EvaluationError: there is no reply, or a failed one.
    """
    from tiercel_http.client import exchange

    try:
        quiet = _Quiet(outbound_policy(context))
        settings = HttpOptions.model_validate(options or {}).settings(quiet)
        sent = None if body is None else _body(body, str(content_type or _JSON))
        call = Call(
            str(method or "GET").upper(),
            with_params(checked_uri(str(uri)), query or {}),
            (*_own_headers(accept, sent), *_pairs(headers or {})),
            sent,
        )
        with exchange(quiet, call, settings) as reply:
            data = b"".join(reply.chunks(settings.max_length))
    except (TaskError, ValidationError) as error:
        raise EvaluationError(f"Failed to execute HTTP request: {error}") from error
    return _parsed(data.decode(reply.charset or "utf-8", "replace"))


def _own_headers(accept: Any, body: Body | None) -> Iterator[tuple[str, str]]:
    yield "Accept", str(accept or _JSON)
    if body is not None:
        yield "Content-Type", body.content_type


def _pairs(headers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        if name.lower() in ("accept", "content-type"):
            continue  # they have arguments of their own
        for item in value if isinstance(value, list) else [value]:
            yield name, str(item)


def _body(value: Any, content_type: str) -> Body:
    if isinstance(value, Mapping) and content_type == "application/x-www-form-urlencoded":
        text = urlencode(value, doseq=True)
    else:
        text = value if isinstance(value, str) else json.dumps(value, default=_plain)
    return Body((text.encode(),), content_type)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


class _Quiet:
    """Stands in for a task's context: expressions log nothing, and what they pass is rendered."""

    cancelled = False

    def __init__(self, outbound: OutboundPolicy) -> None:
        self.outbound = outbound

    def render(self, value: Any) -> Any:
        return None if value is None else value.resolve(lambda raw, _as_text: raw)

    def render_text(self, template: str) -> str:
        return template

    def log(self, level: str, message: str) -> None:
        """Say nothing."""

    def metric(self, metric: Metric) -> None:
        """Count nothing."""

    def on_kill(self, callback: Callable[[], None]) -> None:
        """Nobody stops an expression."""


HTTP = Entry(
    "http",
    http,
    ("uri", "method", "query", "body", "contentType", "headers", "options", "accept"),
    ("uri", "method", "query", "body", "content_type", "headers", "options", "accept"),
    needs_context=True,
    required=("uri",),
)
"""The function as the expression language registers it."""
