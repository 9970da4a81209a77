"""`SseRequest`: the events of a server-sent event stream, until the server ends it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, ClassVar

from tiercel.plugin import (
    Example,
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    TaskError,
    TiercelError,
    Uri,
)
from tiercel_http.request import METRICS
from tiercel_http.task import HttpTask, public_uri

__all__ = ["SseRequest"]

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
_EXTRACT = "{{ event | jq(expression) }}"


class SseOutput(Output):
    """What `SseRequest` gives to later tasks."""

    uri: Uri
    """Where the request went."""
    size: int
    """How many events came."""
    events: list[dict[str, Any]] | None = None
    """The events: `data` (parsed where it is JSON), `id`, `name`, `comment`, `retry` in
    milliseconds. Absent when there is a `result`."""
    result: str | None = None
    """What `concatJqExpression` found in the events, joined."""


class SseRequest(HttpTask[SseOutput]):
    """Read a stream of server-sent events to its end."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Join the pieces of a streamed answer",
            """\
id: read_events
namespace: company.team

tasks:
  - id: answer
    type: io.kestra.plugin.core.http.SseRequest
    uri: https://example.com/answers
    concatJqExpression: .data.message

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.answer.size }} events: {{ outputs.answer.result }}"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("size", "counter", "Events received"),
        *METRICS,
    )

    concat_jq_expression: Property[str] | None = None
    """A jq expression for each event; the texts it finds are joined to `result`."""
    failed_on_missing_jq: Property[bool] | None = None
    """Fail when the expression finds no text in an event (the default), or skip the event."""

    def run(self, ctx: RunContext) -> SseOutput:
        """Read all events and return them, or what the expression finds in them.

        Raises:
            TaskError: there is no reply, not one that the options accept, more data than
                `options.maxContentLength`, or an event without what the expression wants.
        """
        from tiercel_http.client import exchange

        settings = self.settings(ctx)
        call = self.call(ctx, settings, accept="text/event-stream")
        with exchange(ctx, call, settings) as reply:
            events = list(_events(reply.chunks(settings.max_length)))
        ctx.metric(Metric.counter("size", len(events)))
        found = self._extract(ctx, events)
        return SseOutput(
            uri=public_uri(ctx, call.uri),
            size=len(events),
            events=None if found else events,
            result="".join(found) or None,
        )

    def _extract(self, ctx: RunContext, events: list[dict[str, Any]]) -> list[str]:
        expression = ctx.render(self.concat_jq_expression)
        if not expression:
            return []
        strict = ctx.render(self.failed_on_missing_jq) is not False
        texts = []
        for event in events:
            try:
                texts += _scalar_texts(ctx, event, expression)
            except (TiercelError, ValueError) as error:
                message = f"Failed to resolve JQ expression {expression!r} and value {event!r}"
                if strict:
                    raise TaskError(f"{message}: {error}") from error
                ctx.log("DEBUG", f"{message}. Skipping this event.")
        return texts


def _scalar_texts(ctx: RunContext, event: dict[str, Any], expression: str) -> list[str]:
    found = ctx.evaluate(_EXTRACT, {"event": event, "expression": expression})
    values = (found if isinstance(found, list) else [found])[-1:]
    if any(value is None or isinstance(value, list | dict) for value in values):
        raise ValueError(f"expected a text, got {values[0]!r}")
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def _events(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Parse an event stream (WHATWG HTML, 9.2.6); unlike a browser, keep comments."""
    fields: dict[str, list[str]] = {}
    for line in _lines(chunks):
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        elif fields:
            yield from _event(fields)
            fields = {}


def _event(fields: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    if "data" not in fields and "" not in fields:
        return
    event: dict[str, Any] = {}
    if "data" in fields:
        event["data"] = "\n".join(fields["data"])
        with suppress(ValueError):
            event["data"] = json.loads(event["data"])
    for field, name in (("id", "id"), ("event", "name"), ("", "comment")):
        if field in fields:
            event[name] = fields[field][-1]
    if (retry := fields.get("retry", [""])[-1]).isdecimal():
        event["retry"] = int(retry)
    yield event


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = _LINE_END.split(rest + chunk)
        for line in lines:
            yield line.decode("utf-8", "replace")
    # An event that is not ended by an empty line is dropped, as the standard wants.
    if rest.endswith(b"\r"):
        yield rest[:-1].decode("utf-8", "replace")
