"""Dates and times as values: reading ISO-8601, printing as Java prints."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.temporal import (
    Instant,
    OffsetDateTime,
    from_tag,
    is_temporal,
    nanosecond_of,
    to_json,
    to_text,
)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("$instant", "2024-03-05T07:08:09.123456789Z"),
        ("$instant", "2024-03-05T07:08:00Z"),
        ("$zoned", "2024-03-05T07:08:09.123+02:00[Europe/Athens]"),
        ("$zoned", "2024-03-05T07:08Z[UTC]"),
        ("$zoned", "2024-03-05T07:08Z"),
        ("$zoned", "2024-10-27T02:30+01:00[Europe/Paris]"),
        ("$offset", "2024-03-05T07:08:09+05:30"),
        ("$localDateTime", "2024-03-05T07:08:09.000001"),
        ("$localDateTime", "2024-03-05T07:08"),
        ("$localDate", "2024-03-05"),
        ("$localTime", "07:08:09.100"),
        ("$localTime", "07:08"),
        ("$duration", "PT1H30M"),
        ("$duration", "PT-0.000000001S"),
    ],
)
def test_a_value_prints_the_text_it_was_made_of(tag: str, text: str) -> None:
    assert to_text(from_tag(tag, text)) == text


def test_a_java_date_prints_in_its_own_way() -> None:
    value = from_tag("date", "2024-03-05T07:08:09Z")
    assert to_text(value) == "Tue Mar 05 07:08:09 UTC 2024"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2024, 3, 5, 7, 8, 9, tzinfo=UTC), "2024-03-05T07:08:09Z"),
        (
            datetime(2024, 3, 5, 7, 8, tzinfo=ZoneInfo("Asia/Tokyo")),
            "2024-03-05T07:08+09:00[Asia/Tokyo]",
        ),
        (datetime(2024, 3, 5, 7, 8, 9, 120_000), "2024-03-05T07:08:09.120"),
        (date(2024, 3, 5), "2024-03-05"),
        (time(7, 8), "07:08"),
        (timedelta(days=2), "PT48H"),
    ],
)
def test_plain_python_values_print_like_their_java_kin(value: Any, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("tag", "text", "json"),
    [
        ("$instant", "2024-03-05T07:08:09.123Z", "2024-03-05T07:08:09.123Z"),
        ("$zoned", "2024-03-05T07:08:09.123+02:00[Europe/Athens]", "2024-03-05T05:08:09.123Z"),
        ("$offset", "2024-03-05T07:08:09+05:30", "2024-03-05T01:38:09Z"),
        ("$localDateTime", "2024-03-05T07:08:09", "2024-03-05T07:08:09"),
        ("$localDate", "2024-03-05", "2024-03-05"),
        ("$localTime", "07:08:09", "07:08:09"),
        ("$duration", "PT1H30M", 5400.0),
        ("$date", "2024-03-05T07:08:09Z", "2024-03-05T07:08:09.000+00:00"),
    ],
)
def test_json_holds_moments_in_utc_and_durations_in_seconds(
    tag: str, text: str, json: object
) -> None:
    assert to_json(from_tag(tag, text)) == json


def test_kinds_with_the_same_instant_are_not_equal() -> None:
    clock = datetime(2024, 3, 5, 7, 8, 9, tzinfo=UTC)
    assert Instant.of(clock) == Instant.of(clock)
    assert Instant.of(clock) != OffsetDateTime.of(clock)
    assert Instant.of(clock, 1) != Instant.of(clock, 2)


def test_copies_keep_the_nanoseconds() -> None:
    value = from_tag("$instant", "2024-03-05T07:08:09.123456789Z")
    assert nanosecond_of(value) == 789
    assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value


def test_numbers_and_texts_are_not_temporal() -> None:
    assert is_temporal(date(2024, 3, 5))
    assert is_temporal(timedelta(1))
    assert not is_temporal(1)
    assert not is_temporal("2024-03-05")


def test_members_read_like_java_getters() -> None:
    value = from_tag("$zoned", "2024-03-05T07:08:09.123+02:00[Europe/Athens]")
    members = {name: read(value) for name, read in type(value).expression_members.items()}
    assert members["month"] == "MARCH"
    assert members["dayOfWeek"] == "TUESDAY"
    assert members["zone"] == "Europe/Athens"
    assert members["nano"] == 123_000_000


def test_no_other_text_is_a_time_of_day() -> None:
    with pytest.raises(EvaluationError, match="time of day"):
        from_tag("$localTime", "7:08")
