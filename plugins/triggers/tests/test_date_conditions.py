"""Conditions on dates: the trigger's own, or another one."""

from __future__ import annotations

import pytest

from tiercel.plugin import TaskError
from tiercel.testing import load_condition

CONDITION = "io.kestra.plugin.core.condition."
MONDAY = "2024-01-01T10:00:00Z"
SUNDAY = "2024-01-07T10:00:00Z"


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"after": "2024-01-01T09:59:59Z"}, True),
        ({"after": "2024-01-01T10:00:00Z"}, False),
        ({"before": "2024-01-01T10:00:00Z"}, False),
        ({"before": "2024-01-01T12:00:01+02:00"}, True),
        ({"after": "2023-01-01T00:00:00Z", "before": "2024-01-01T09:00:00Z"}, False),
    ],
)
def test_a_date_is_between_two_moments_but_not_at_them(holds, bounds, expected):
    assert holds("DateTimeBetween", bounds, MONDAY) is expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2024-01-01T15:00:00Z", True),
        ("2024-01-01T17:00:00+02:00", True),
        ("2024-01-01T14:00:00Z", False),
        ("2024-01-01T18:00:00Z", False),
        ("2024-01-01T19:00[Europe/Paris]", False),
    ],
)
def test_a_time_of_day_is_between_two_times_whatever_their_offsets(holds, date, expected):
    bounds = {"after": "16:00:00+02:00", "before": "18:00:00Z"}
    assert holds("TimeBetween", bounds, date) is expected


def test_a_bound_may_be_an_expression(holds):
    bounds = {"after": "{{ trigger.date | dateAdd(-1, 'DAYS') }}"}
    assert holds("DateTimeBetween", bounds, MONDAY)


@pytest.mark.parametrize("name", ["DateTimeBetween", "TimeBetween"])
def test_without_any_bound_there_is_nothing_to_compare(holds, name):
    with pytest.raises(TaskError, match="Invalid condition with no before nor after"):
        holds(name, {}, MONDAY)


def test_a_time_without_offset_is_none(holds):
    with pytest.raises(TaskError, match="no time of day with an offset"):
        holds("TimeBetween", {"after": "16:00:00"}, MONDAY)


def test_what_is_no_date_is_told(holds):
    with pytest.raises(TaskError, match="'yesterday' is no date"):
        holds("Weekend", {"date": "yesterday"})


def test_a_day_of_the_week_is_the_one_at_the_place_of_the_date(holds):
    monday = {"dayOfWeek": "MONDAY"}
    assert holds("DayWeek", monday, MONDAY)
    assert not holds("DayWeek", monday, SUNDAY)
    assert holds("DayWeek", monday, "2024-01-08T00:30:00+02:00")


def test_a_day_of_the_week_may_be_an_expression(holds):
    assert holds("DayWeek", {"dayOfWeek": "{{ 'mon' | upper }}DAY"}, MONDAY)


@pytest.mark.parametrize(
    ("which", "day"),
    [("FIRST", 1), ("SECOND", 8), ("THIRD", 15), ("FOURTH", 22), ("LAST", 29)],
)
def test_a_day_of_the_week_is_counted_in_its_month(holds, which, day):
    mondays = [1, 8, 15, 22, 29]
    properties = {"dayOfWeek": "MONDAY", "dayInMonth": which}
    found = [
        each for each in mondays if holds("DayWeekInMonth", properties, f"2024-01-{each:02}T11:00Z")
    ]
    assert found == [day]


def test_another_day_of_the_week_is_none_of_them(holds):
    properties = {"dayOfWeek": "MONDAY", "dayInMonth": "FIRST"}
    assert not holds("DayWeekInMonth", properties, "2024-01-02T11:00:00Z")


def test_the_fourth_can_be_the_last(holds):
    for which in ("FOURTH", "LAST"):
        properties = {"dayOfWeek": "MONDAY", "dayInMonth": which}
        assert holds("DayWeekInMonth", properties, "2024-02-26T11:00:00Z")


def test_a_weekend_is_saturday_and_sunday(holds):
    found = [day for day in range(1, 8) if holds("Weekend", {}, f"2024-01-{day:02}T11:00:00Z")]
    assert found == [6, 7]


@pytest.mark.parametrize(
    ("properties", "date", "expected"),
    [
        ({"country": "FR"}, "2024-07-14T10:00:00Z", True),
        ({"country": "fr"}, "2024-07-15T10:00:00Z", False),
        ({"country": "DE"}, "2024-08-15T10:00:00Z", False),
        ({"country": "DE", "subDivision": "sl"}, "2024-08-15T10:00:00Z", True),
        ({"country": "{{ 'F' }}R"}, "2030-05-01T10:00:00Z", True),
    ],
)
def test_a_public_holiday_is_one_of_a_country_or_a_part_of_it(holds, properties, date, expected):
    assert holds("PublicHoliday", properties, date) is expected


@pytest.mark.parametrize(("locale", "expected"), [("en_US.UTF-8", True), ("fr_FR@euro", False)])
def test_a_public_holiday_is_one_of_the_servers_country(holds, monkeypatch, locale, expected):
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LC_CTYPE", "")
    monkeypatch.setenv("LANG", locale)
    assert holds("PublicHoliday", {}, "2024-07-04T10:00:00Z") is expected


def test_a_public_holiday_needs_a_country_that_is_known(holds, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with pytest.raises(TaskError, match=r"needs a country, such as 'FR': the locale 'C.UTF-8'"):
        holds("PublicHoliday", {}, MONDAY)
    with pytest.raises(TaskError, match=r"No calendar of public holidays: .*XX"):
        holds("PublicHoliday", {"country": "XX"}, MONDAY)


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("Weekend", {}, True),
        ("Weekend", {"date": "{{ schedule.date }}"}, True),
        ("Weekend", {"date": "2024-01-01"}, False),
        ("Weekend", {"date": "{{ now() }}"}, False),
        ("DayWeek", {"dayOfWeek": "{{ kv('day') }}"}, False),
        ("Weekend", {"date": "{{ trigger.date"}, False),
    ],
)
def test_a_condition_on_the_triggers_own_date_can_be_asked_ahead(name, properties, expected):
    condition = load_condition({"type": CONDITION + name, **properties})
    assert condition.is_about_dates() is expected
