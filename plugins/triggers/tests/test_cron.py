"""The dates of cron expressions: in which order, in which zone, on which side of a clock change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tiercel_triggers.cron import Cron

PARIS = ZoneInfo("Europe/Paris")
ZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "America/Havana",
    "America/St_Johns",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]


def dates(text, after, count, zone=PARIS, **kwargs):
    """Return the first dates after a moment, as local texts with their offsets."""
    cron = Cron.parse(text, **kwargs)
    found = []
    date = datetime.fromisoformat(after)
    for _ in range(count):
        date = cron.next(date, zone)
        found.append(date.isoformat(timespec="minutes"))
    return found


def test_a_time_that_a_spring_night_leaves_out_is_skipped():
    assert dates("30 2 * * *", "2024-03-30T03:00+01:00", 1) == ["2024-04-01T02:30+02:00"]


def test_a_fixed_hour_fires_once_in_an_autumn_night():
    assert dates("30 2 * * *", "2024-10-27T00:00+02:00", 2) == [
        "2024-10-27T02:30+02:00",
        "2024-10-28T02:30+01:00",
    ]


def test_stepping_minutes_fire_on_both_passes_of_an_autumn_night():
    assert dates("*/30 * * * *", "2024-10-27T02:00+02:00", 4) == [
        "2024-10-27T02:30+02:00",
        "2024-10-27T02:00+01:00",
        "2024-10-27T02:30+01:00",
        "2024-10-27T03:00+01:00",
    ]


def test_the_second_pass_fires_when_it_is_all_that_is_left_of_the_night():
    assert dates("30 2 * * *", "2024-10-27T02:45+02:00", 1) == ["2024-10-27T02:30+01:00"]


def test_a_date_of_the_week_is_looked_for_from_the_evening_before():
    """The night's clock is set from the evening's, so Kestra means the second pass."""
    assert dates("15 2 * * 0", "2026-10-24T22:00+02:00", 1) == ["2026-10-25T02:15+01:00"]


def test_an_hour_left_out_in_part_is_passed_over_unless_the_hours_end_in_it():
    zone = ZoneInfo("Australia/Lord_Howe")
    assert dates("30 2 * * *", "2026-10-03T02:30+10:30", 1, zone) == ["2026-10-05T02:30+11:00"]
    assert dates("30 2 * * *", "2026-10-04T00:00+10:30", 1, zone) == ["2026-10-04T02:30+11:00"]


def test_half_an_hour_can_be_missing_too():
    zone = ZoneInfo("Australia/Lord_Howe")
    assert dates("15,45 2 * * *", "2026-10-04T00:00+10:30", 2, zone) == [
        "2026-10-04T02:45+11:00",
        "2026-10-05T02:15+11:00",
    ]


def test_a_day_of_the_month_or_of_the_week_is_enough():
    assert dates("0 0 13 * 5", "2024-09-01T00:00+02:00", 3) == [
        "2024-09-06T00:00+02:00",
        "2024-09-13T00:00+02:00",
        "2024-09-20T00:00+02:00",
    ]


def test_seconds_of_the_moment_itself_count():
    assert dates("*/15 * * * * *", "2024-01-01T00:00:59.9+00:00", 1, UTC, with_seconds=True) == [
        "2024-01-01T00:01+00:00"
    ]


def test_joined_expressions_fire_each_at_its_own_dates():
    assert dates("0 8 * * * || 30 12 * * 1", "2024-01-01T00:00+01:00", 3) == [
        "2024-01-01T08:00+01:00",
        "2024-01-01T12:30+01:00",
        "2024-01-02T08:00+01:00",
    ]


def test_a_date_that_never_comes_is_none():
    cron = Cron.parse("0 0 31 2 *")
    assert cron.next(datetime(2024, 1, 1, tzinfo=UTC), UTC) is None
    assert cron.previous(datetime(2024, 1, 1, tzinfo=UTC), UTC) is None


def test_there_is_no_date_beyond_the_calendar():
    cron = Cron.parse("@yearly")
    assert cron.next(datetime(9999, 6, 1, tzinfo=UTC), UTC) is None
    assert cron.previous(datetime(1, 1, 1, tzinfo=UTC), UTC) is None


def test_a_leap_day_is_found_years_ahead_and_back():
    cron = Cron.parse("0 2 29 2 *")
    assert cron.next(datetime(2097, 1, 1, tzinfo=UTC), PARIS).year == 2104
    assert cron.previous(datetime(2103, 1, 1, tzinfo=UTC), PARIS).year == 2096


numbers = st.integers
minutes = st.one_of(st.just("*"), numbers(0, 59).map(str), numbers(1, 59).map("*/{}".format))
hours = st.one_of(st.just("*"), numbers(0, 3).map(str), st.sampled_from(["1-3", "*/2", "0,2"]))
days = st.sampled_from(["*", "1", "*/2", "28-31"])
weekdays = st.sampled_from(["*", "0", "SAT,SUN"])
expressions = st.tuples(minutes, hours, days, st.just("*"), weekdays).map(" ".join)
zones = st.sampled_from(ZONES).map(ZoneInfo)
# Half of them close to a change of the clock in one of the zones.
moments = st.one_of(
    st.datetimes(datetime(2005, 1, 1), datetime(2030, 1, 1)),
    st.tuples(
        st.sampled_from(
            [
                datetime(2011, 12, 30, 10),
                datetime(2024, 10, 27, 1),
                datetime(2026, 4, 4, 15),
                datetime(2026, 3, 8, 7),
                datetime(2006, 10, 29, 2),
            ]
        ),
        st.timedeltas(timedelta(hours=-12), timedelta(hours=12)),
    ).map(lambda pair: pair[0] + pair[1]),
).map(lambda each: each.replace(microsecond=0, tzinfo=UTC))


@settings(max_examples=150, deadline=None)
@given(expressions, zones, moments)
def test_dates_follow_each_other_whichever_way_one_goes(text, zone, moment):
    cron = Cron.parse(text)
    onwards = [cron.previous(moment - timedelta(days=2), zone)]
    for _ in range(4):
        onwards.append(cron.next(onwards[-1], zone))
    instants = [date.astimezone(UTC) for date in onwards]
    assert all(early < late for early, late in pairwise(instants))
    assert [cron.previous(date, zone) for date in onwards[1:]] == onwards[:-1]


@settings(max_examples=100, deadline=None)
@given(expressions, moments, st.integers(0, 200_000))
def test_the_next_date_is_the_same_from_any_moment_before_it(text, moment, seconds):
    cron = Cron.parse(text)
    date = cron.next(moment, UTC)
    between = min(moment + timedelta(seconds=seconds), date - timedelta(seconds=1))
    assert cron.next(between, UTC) == date
    assert (cron.previous(between, UTC) or moment) <= moment


@settings(max_examples=100, deadline=None)
@given(minutes, hours, zones, moments)
def test_a_date_shows_on_the_clock_of_its_zone(minute, hour, zone, moment):
    cron = Cron.parse(f"{minute} {hour} * * *")
    date = cron.next(moment, zone)
    assert date.tzinfo is zone
    assert date == date.astimezone(UTC).astimezone(zone)
    assert minute in ("*", str(date.minute)) or date.minute % int(minute[2:]) == 0
