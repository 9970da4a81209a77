from __future__ import annotations

from typing import Any

import pytest

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression.filters.json import json, to_ion, to_json, yaml


def test_null_is_written_and_null_members_go_from_json_only() -> None:
    assert to_json(None) == json(None) == yaml(None) == to_ion(None) == "null"
    value = {"a": None, "b": 1}
    assert (to_json(value), yaml(value), to_ion(value)) == (
        '{"b":1}',
        "a: null\nb: 1\n",
        "{a:null,b:1}",
    )


@pytest.mark.parametrize("write", [to_json, yaml, to_ion])
def test_deep_nesting_is_an_error_of_ours(write: Any) -> None:
    value: list[Any] = []
    for _ in range(20_000):
        value = [value]
    with pytest.raises((LimitError, EvaluationError), match="too deep"):
        write(value)
