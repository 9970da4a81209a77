from __future__ import annotations

from typing import Any

import pytest

from tiercel._ion import IonTextError
from tiercel.expression import temporal
from tiercel.expression.ion_values import read_ion, write_ion
from tiercel.expression.values import Array, Entry, Float32, Long, Uri


@pytest.mark.parametrize(
    ("tag", "text", "ion"),
    [
        ("$instant", "2024-03-05T07:08:09.123456789Z", "2024-03-05T07:08:09.123Z"),
        ("$localDate", "2024-03-05", "2024-03-05"),
        ("$localDateTime", "2024-03-05T07:08", 'LocalDateTime::"2024-03-05T07:08:00"'),
        ("$localTime", "07:08:09.500", 'LocalTime::"07:08:09.5"'),
        ("$offset", "2024-03-05T07:08+05:30", 'OffsetDateTime::"2024-03-05T07:08:00+05:30"'),
        ("$duration", "PT1H30M", "5400.000000000"),
    ],
)
def test_dates_and_times_are_written_as_kestra_writes_them(tag: str, text: str, ion: str) -> None:
    assert write_ion(temporal.from_tag(tag, text)) == ion


@pytest.mark.parametrize(
    ("value", "ion"),
    [
        (Entry("d-e", Long(1)), "{'d-e':1}"),
        (Array([Uri("kestra:///a"), Float32(1.5)]), '["kestra:///a",1.5e0]'),
    ],
)
def test_values_of_the_language_are_written(value: Any, ion: str) -> None:
    assert write_ion(value) == ion


def test_a_moment_is_read_as_an_instant_and_midnight_as_a_day() -> None:
    moment, day = read_ion("2024-03-05T07:08:09.123Z 2024-03-05T00:00:00Z")
    assert isinstance(moment, temporal.Instant)
    assert temporal.to_text(day) == "2024-03-05"


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("$localDateTime", "2024-03-05T07:08:09"),
        ("$offset", "2024-03-05T07:08:09+05:30"),
        ("$zoned", "2024-03-05T07:08:09+02:00[Europe/Athens]"),
    ],
)
def test_annotated_times_keep_their_text(tag: str, text: str) -> None:
    (back,) = read_ion(write_ion(temporal.from_tag(tag, text)))
    assert temporal.to_text(back) == text


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises(IonTextError, match="object"):
        write_ion({"a": object()})
