from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from tiercel_triggers.time_window import TimeWindow


def window(at: str, **properties: Any) -> tuple[str, str] | None:
    """Return begin and end of the window around a time of 2026-01-02, as day and time."""
    moment = datetime.fromisoformat(f"2026-01-02T{at}").replace(tzinfo=UTC)
    found = TimeWindow.model_validate(properties).around(moment)
    return found and tuple(f"{each.astimezone(UTC):%d %H:%M}" for each in found)


def test_windows_are_days_from_midnight_to_midnight_by_default() -> None:
    assert window("13:20") == ("02 00:00", "03 00:00")
    assert window("00:00") == ("02 00:00", "03 00:00")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"window": "PT1H"}, ("02 13:00", "02 14:00")),
        ({"window": "PT6H"}, ("02 12:00", "02 18:00")),
        ({"window": "PT15M"}, ("02 13:15", "02 13:30")),
        ({"windowAdvance": "PT6H"}, ("02 06:00", "03 06:00")),
        ({"windowAdvance": "PT14H"}, ("01 14:00", "02 14:00")),
        ({"window": "PT6H", "windowAdvance": "PT2H"}, ("02 08:00", "02 14:00")),
        ({"window": "PT6H", "windowAdvance": "PT-1H"}, ("02 11:00", "02 17:00")),
        ({"window": "P7D"}, ("01 00:00", "08 00:00")),
    ],
)
def test_windows_of_one_length_follow_each_other(
    properties: dict[str, str], expected: tuple[str, str]
) -> None:
    assert window("13:20", **properties) == expected


def test_a_sliding_window_reaches_back_from_now() -> None:
    assert window("13:20", type="SLIDING_WINDOW", window="PT1H") == ("02 12:20", "02 13:20")
    assert window("13:20", type="SLIDING_WINDOW") == ("01 13:20", "02 13:20")


@pytest.mark.parametrize(
    ("at", "expected"),
    [("08:59", ("02 00:00", "02 09:00")), ("09:00", ("02 00:00", "02 09:00")), ("09:01", None)],
)
def test_a_deadline_ends_a_window_that_begins_at_midnight(at: str, expected: Any) -> None:
    assert window(at, type="DAILY_TIME_DEADLINE", deadline="09:00:00") == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [("05:59", None), ("06:00", ("02 06:00", "02 09:00")), ("09:01", None)],
)
def test_a_daily_window_has_a_begin_and_an_end(at: str, expected: Any) -> None:
    properties = {"startTime": "06:00:00", "endTime": "09:00:00"}
    assert window(at, type="DAILY_TIME_WINDOW", **properties) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("01:00", ("01 22:00", "02 02:00")),
        ("23:00", ("02 22:00", "03 02:00")),
        ("12:00", None),
    ],
)
def test_a_daily_window_may_go_over_midnight(at: str, expected: Any) -> None:
    properties = {"startTime": "22:00:00", "endTime": "02:00:00"}
    assert window(at, type="DAILY_TIME_WINDOW", **properties) == expected


def test_a_time_with_an_offset_is_of_that_place() -> None:
    properties = {"type": "DAILY_TIME_DEADLINE", "deadline": "01:00:00+02:00"}
    assert window("22:30", **properties) == ("02 22:00", "02 23:00")
    assert window("23:30", **properties) is None


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            {"type": "DAILY_TIME_DEADLINE"},
            "Time window of type `DAILY_TIME_DEADLINE` must have a deadline.",
        ),
        (
            {"type": "DAILY_TIME_WINDOW", "startTime": "06:00:00"},
            "Time window of type `DAILY_TIME_WINDOW` must have an end time.",
        ),
        (
            {"deadline": "06:00:00"},
            "Time window of type `DURATION_WINDOW` cannot have a deadline.",
        ),
        (
            {"type": "SLIDING_WINDOW", "windowAdvance": "PT1H"},
            "Time window of type `SLIDING_WINDOW` cannot have a window advance.",
        ),
        ({"window": "PT0S"}, "A window must be longer than nothing"),
        ({"type": "DAILY_TIME_DEADLINE", "deadline": "noon"}, "is no time of day"),
    ],
)
def test_a_window_has_what_its_type_needs_and_nothing_else(
    properties: dict[str, str], message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        TimeWindow.model_validate(properties)
    assert message in str(refused.value)
