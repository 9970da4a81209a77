from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from tiercel.engine.plain import plain


class Color(Enum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


class Text(str):
    pass


class Model(BaseModel):
    first_name: str = Field(alias="firstName")
    missing: int | None = None


class Odd:
    def __str__(self) -> str:
        return "odd"


CASES = [
    (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
    (date(2026, 1, 2), "2026-01-02"),
    (time(3, 4), "03:04:00"),
    (timedelta(minutes=90), "PT1H30M"),
    (Decimal("1.5"), 1.5),
    (Decimal("10000000000000000000000"), 10**22),
    (b"\x00\xff", "AP8="),
    (PurePosixPath("/a/b"), "/a/b"),
    (Color.RED, "red"),
    (Number.ONE, 1),
    ((1, {2}), [1, [2]]),
    ({1: {"a": None}}, {"1": {"a": None}}),
    (Model(firstName="Ada"), {"firstName": "Ada"}),
    (Odd(), "odd"),
]


@pytest.mark.parametrize(("value", "expected"), CASES, ids=lambda each: type(each).__name__)
def test_values_become_json_like(value: object, expected: object) -> None:
    assert plain(value) == expected
    json.dumps(plain(value))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_what_is_plain_stays_as_it_is(value: object) -> None:
    assert plain(value) == value


def test_the_result_shares_nothing_that_can_change() -> None:
    inner = [1]
    result = plain({"a": inner})
    inner.append(2)
    assert result == {"a": [1]}
