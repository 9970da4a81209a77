"""The kinds of value that Java tells apart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tiercel.expression.values import (
    Array,
    BigInteger,
    Entry,
    Float32,
    Long,
    ValueSet,
    class_name,
    wrap32,
    wrap64,
)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (1, "java.lang.Integer"),
        (2**31, "java.lang.Long"),
        (Long(1), "java.lang.Long"),
        (2**63, "java.math.BigInteger"),
        (BigInteger(1), "java.math.BigInteger"),
        (1.5, "java.lang.Double"),
        (Float32(1), "java.lang.Float"),
        (Decimal(1), "java.math.BigDecimal"),
        (True, "java.lang.Boolean"),
        ("x", "java.lang.String"),
        ([], "java.util.ArrayList"),
        (ValueSet(), "java.util.LinkedHashSet"),
        (Array(), "[Ljava.lang.Object;"),
        ({}, "java.util.LinkedHashMap"),
        (Entry("k", 1), "java.util.Map$Entry"),
    ],
)
def test_a_value_knows_its_java_class(value: Any, name: str) -> None:
    assert class_name(value) == name


def test_integers_fold_as_java_overflows() -> None:
    assert wrap32(2**31) == -(2**31)
    assert wrap64(2**63) == -(2**63)
    assert wrap64(-1) == -1


def test_a_float_is_rounded_to_32_bits() -> None:
    assert Float32(0.1) != 0.1
    assert Float32("1e39") == float("inf")
    assert Float32(-1e39) == float("-inf")


def test_entries_are_equal_by_key_and_value() -> None:
    assert Entry("k", 1) == Entry("k", 1)
    assert Entry("k", 1) != Entry("k", 2)
    assert len({Entry("k", 1), Entry("k", 1)}) == 1
