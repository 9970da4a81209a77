"""What the fields of a text mean together."""

from __future__ import annotations

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.date_resolve import Parsed, resolve
from tiercel.expression.locale_names import names_of
from tiercel.expression.moment import Moment
from tiercel.expression.zones import REGION_UTC

DAY = {"year": 2024, "month": 3, "day": 5}


def meant(**fields: int) -> Moment:
    return resolve(Parsed(fields), "the text", names_of("en_US"), REGION_UTC)


def test_a_day_beyond_the_month_is_its_last() -> None:
    assert meant(year=2024, month=2, day=31).day == 29
    assert meant(year=2023, month=4, day=31).day == 30


def test_twenty_four_oclock_is_the_next_midnight() -> None:
    moment = meant(**DAY, hour=24, minute=0)
    assert (moment.day, moment.hour) == (6, 0)


def test_nothing_comes_after_twenty_four_oclock() -> None:
    with pytest.raises(EvaluationError, match="24:00"):
        meant(**DAY, hour=24, minute=1)


@pytest.mark.parametrize(
    "fields",
    [
        {"month": 13},
        {"day": 32},
        {"hour": 25},
        {"hour": 7, "minute": 60},
        {"hour_of_half": 12, "am_pm": 0},
        {"year_of_era": 0},
        {"quarter": 5},
    ],
)
def test_a_field_out_of_range_is_an_error(fields: dict[str, int]) -> None:
    with pytest.raises(EvaluationError, match="is not between"):
        meant(**{**DAY, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"day_of_week": 1},
        {"quarter": 2},
        {"day_of_year": 66},
        {"week": 11},
        {"hour": 7, "minute": 8, "clock_hour": 8},
        {"hour": 7, "minute": 8, "am_pm": 1},
        {"year_of_era": 2023},
    ],
)
def test_fields_that_disagree_are_an_error(fields: dict[str, int]) -> None:
    with pytest.raises(EvaluationError, match=r"contradicts|two different"):
        meant(**{**DAY, **fields})


def test_fields_that_agree_are_welcome() -> None:
    moment = meant(**DAY, day_of_week=2, quarter=1, day_of_year=65, week=10, hour=7, am_pm=0)
    assert (moment.day, moment.hour) == (5, 7)


def test_a_week_that_the_year_lacks_is_its_last() -> None:
    moment = meant(iso_week_year=2023, iso_week=53, day_of_week=7)
    assert (moment.year, moment.month, moment.day) == (2023, 12, 31)


def test_only_leap_years_have_a_day_366() -> None:
    assert meant(year=2024, day_of_year=366).day == 31
    with pytest.raises(EvaluationError, match="no day 366"):
        meant(year=2023, day_of_year=366)


def test_the_era_turns_the_year_around() -> None:
    assert meant(year_of_era=44, era=0, month=3, day=15).year == -43
    assert meant(year_of_era=44, month=3, day=15).year == 44


def test_seconds_without_minutes_make_no_time() -> None:
    assert meant(**DAY, hour=7, second=9).hour == 0


def test_an_offset_is_checked_only_when_it_matters() -> None:
    assert meant(**DAY, offset=80_000).offset == 0
    with pytest.raises(EvaluationError, match="18 hours"):
        meant(**DAY, hour=7, offset=80_000)


@pytest.mark.parametrize("fields", [{}, {"year": 2024}, {"month": 3, "day": 5}, {"week": 10}])
def test_too_few_fields_make_no_date(fields: dict[str, int]) -> None:
    with pytest.raises(EvaluationError, match="no complete date"):
        meant(**fields)
