from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tiercel.plugin import Accept, Request, RequestTrigger
from tiercel.testing import load_trigger, trigger_context

TYPE = "io.kestra.plugin.core.trigger.Webhook"


def webhook(**properties: Any) -> RequestTrigger:
    """Return a webhook."""
    loaded = load_trigger({"type": TYPE, "key": "k", **properties})
    assert isinstance(loaded, RequestTrigger)
    return loaded


def received(**request: Any) -> Any:
    """Return what an execution sees of a request."""
    verdict = webhook().receive(Request(**request), trigger_context())
    assert isinstance(verdict, Accept)
    return verdict.variables


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b'{"a": [1, 2.5, null, true]}', {"a": [1, 2.5, None, True]}),
        (b"[1, {}]", [1, {}]),
        (b"5", "5"),
        (b'"text"', '"text"'),
        (b"null", "null"),
        (b"{broken", "{broken"),
        ("naïve".encode(), "naïve"),
        (b"\xff\xfe", "//4="),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_a_body_is_data_when_it_is_a_json_object_or_list(body: bytes, seen: Any) -> None:
    assert received(body=body)["body"] == seen


def test_no_body_is_no_variable() -> None:
    assert received() == {"headers": {}, "parameters": {}}


def test_headers_and_parameters_are_lists_of_values() -> None:
    variables = received(headers={"X-A": ("1",)}, query={"q": ("a", "b")})
    assert json.loads(json.dumps(variables)) == {
        "headers": {"X-A": ["1"]},
        "parameters": {"q": ["a", "b"]},
    }


def test_a_header_is_found_whatever_its_case() -> None:
    request = Request(headers={"content-type": ("text/plain",), "X-Empty": ()})
    assert request.header("Content-Type") == "text/plain"
    assert request.header("X-Empty") is None
    assert request.header("Accept") is None


def test_a_key_is_rendered_and_stripped() -> None:
    context = trigger_context(kv={"hook": "abc"})
    assert webhook(key=" {{ kv('hook') }} ").secret_key(context) == "abc"


def test_a_key_is_needed_and_not_too_long() -> None:
    for properties in ({"key": None}, {"key": "k" * 257}):
        with pytest.raises(ValidationError):
            webhook(**properties)


def test_conditions_that_gather_executions_are_refused() -> None:
    condition = "io.kestra.plugin.core.condition."
    parts = {"a": {"type": condition + "ExecutionNamespace", "namespace": "a"}}
    multiple = {"type": condition + "MultipleCondition", "id": "m", "conditions": parts}
    with pytest.raises(ValidationError, match="MultipleCondition are not supported"):
        webhook(conditions=[multiple])


def test_other_content_types_than_json_and_text_are_refused() -> None:
    with pytest.raises(ValidationError):
        webhook(responseContentType="text/html")
