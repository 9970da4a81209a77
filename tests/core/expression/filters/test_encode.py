from __future__ import annotations

from typing import Any

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.filters.encode import (
    base64decode,
    base64encode,
    escape_char,
    urldecode,
    urlencode,
)
from tiercel.expression.values import Uri


def test_base64_takes_what_a_value_shows_as() -> None:
    assert base64encode([1, "a"]) == "WzEsIGFd"
    assert base64decode("w6k") == "é"


def test_url_encoding_is_javas() -> None:
    assert urlencode("a b&ü*-._~") == "a+b%26%C3%BC*-._%7E"
    assert urldecode("a+b%26%C3%BC") == "a b&ü"


@pytest.mark.parametrize("call", [base64encode, base64decode, urlencode, urldecode])
def test_null_stays_null(call: Any) -> None:
    assert call(None) is None


@pytest.mark.parametrize("call", [base64decode, urlencode, urldecode])
@pytest.mark.parametrize("value", [1, [], Uri("a:b")])
def test_what_is_no_text_is_refused(call: Any, value: Any) -> None:
    with pytest.raises(EvaluationError, match="needs a text"):
        call(value)


@pytest.mark.parametrize("text", ["%", "%a", "%zz", "100%"])
def test_a_broken_escape_is_refused(text: str) -> None:
    with pytest.raises(EvaluationError, match="broken escape"):
        urldecode(text)


@pytest.mark.parametrize(
    ("style", "expected"), [("single", "\\'\""), ("DOUBLE", "'\\\""), ("shell", "'\\''\"")]
)
def test_quotes_are_escaped_in_the_style_asked_for(style: str, expected: str) -> None:
    assert escape_char("'\"", style) == expected


def test_all_values_of_a_collection_become_escaped_texts() -> None:
    assert escape_char({"a": [1, '"', True]}, "double") == {"a": ["1", '\\"', "true"]}


@pytest.mark.parametrize(("value", "style"), [("a", "other"), ("a", None), ([None], "single")])
def test_a_wrong_style_and_null_inside_are_refused(value: Any, style: Any) -> None:
    with pytest.raises(EvaluationError, match="escapeChar"):
        escape_char(value, style)
