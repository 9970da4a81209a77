"""`SseRequest` against a real server on loopback."""

from __future__ import annotations

import pytest

from tiercel_http.sse import _lines


def test_all_events_are_read(server):
    outputs = server.call("/events", "SseRequest").outputs
    assert outputs["size"] == 4
    assert outputs["events"] == [
        {"comment": "hello"},
        {"data": {"message": "Hi"}, "id": "1", "name": "add", "retry": 500},
        {"data": {"message": " there"}},
        {"data": "two\nlines"},
    ]
    assert outputs["uri"] == f"{server.origin}/events"
    assert server.last.headers["Accept"] == "text/event-stream"


def test_an_expression_picks_and_joins_texts(server):
    outputs = server.call(
        "/events", "SseRequest", concatJqExpression=".data.message", failedOnMissingJq=False
    ).outputs
    assert outputs["result"] == "Hi there"
    assert "events" not in outputs


def test_an_event_without_the_text_fails_the_task(server):
    result = server.call("/events", "SseRequest", concatJqExpression=".data.message")
    assert result.error.startswith("Failed to resolve JQ expression '.data.message'")


def test_events_are_counted_as_a_metric(server):
    metrics = {m.name: m.value for m in server.call("/events", "SseRequest").metrics}
    assert metrics["size"] == 4


def test_a_stream_longer_than_the_limit_is_refused(server):
    result = server.call("/events", "SseRequest", options={"maxContentLength": 20})
    assert "longer than 20 bytes" in result.error


@pytest.mark.parametrize("cut", range(1, 12))
def test_lines_are_found_wherever_the_stream_is_cut(cut):
    data = b"a\r\nb\rc\n\r\nd\r"
    assert list(_lines([data[:cut], data[cut:]])) == ["a", "b", "c", "", "d"]
