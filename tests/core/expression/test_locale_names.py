"""Names of months, days and zones, as the JDK's CLDR data has them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.iso_date import parse_iso
from tiercel.expression.locale_names import names_of
from tiercel.expression.zones import zone_of


@pytest.mark.parametrize(
    ("locale", "month", "weekday", "half"),
    [
        ("en_US", "March", "Tuesday", "AM"),
        ("fr", "mars", "mardi", "AM"),
        ("fr-FR", "mars", "mardi", "AM"),
        ("de_DE", "März", "Dienstag", "AM"),
        ("pl", "marca", "wtorek", "AM"),
        ("es", "marzo", "martes", "a.\xa0m."),
        ("ja", "3月", "火曜日", "午前"),
        ("xx", "Mar", "Tue", "AM"),
        ("", "Mar", "Tue", "AM"),
    ],
)
def test_names_are_those_of_the_locale(locale: str, month: str, weekday: str, half: str) -> None:
    names = names_of(locale)
    assert names.text("month", 3, "full") == month
    assert names.text("day_of_week", 2, "full") == weekday
    assert names.text("am_pm", 0, "short") == half


def test_names_that_stand_alone_may_differ() -> None:
    german = names_of("de_DE")
    assert german.text("month", 3, "short") == "März"
    assert german.text("month", 3, "short", standalone=True) == "Mär"
    assert german.text("day_of_week", 2, "short", standalone=True) == "Di"


def test_one_locale_does_not_leak_into_another() -> None:
    assert names_of("de").text("quarter", 1, "full", standalone=True) == "1. Quartal"
    assert names_of("fr").text("quarter", 1, "full", standalone=True) == "1er trimestre"
    assert names_of("de").text("quarter", 1, "full", standalone=True) == "1. Quartal"


def test_the_root_locale_has_no_narrow_month_names() -> None:
    assert names_of("xx").text("month", 3, "narrow") is None
    assert names_of("xx").text("day_of_week", 2, "narrow") == "T"
    assert names_of("xx").text("era", 1, "full") == "CE"


@pytest.mark.parametrize(
    ("locale", "short"),
    [
        ("en_US", "M/d/yy, h:mm\u202fa"),
        ("de", "dd.MM.yy, HH:mm"),
        ("fr", "dd/MM/y HH:mm"),
        ("xx", "y-MM-dd HH:mm"),
    ],
)
def test_styles_have_the_pattern_of_the_locale(locale: str, short: str) -> None:
    assert names_of(locale).pattern("short") == short


@pytest.mark.parametrize(
    "locale", ["english", "not_a_locale_x", "f", "FR", "fr_fr", "fr_FRA", "fr-", "fr_FR_", "1_US"]
)
def test_a_malformed_locale_is_refused_by_name(locale: str) -> None:
    with pytest.raises(EvaluationError, match=locale):
        names_of(locale)


@pytest.mark.parametrize(
    ("locale", "first", "minimal"),
    [("en_US", 7, 1), ("de_DE", 1, 4), ("en_GB", 1, 4), ("de", 7, 1), ("ar_EG", 6, 1)],
)
def test_weeks_start_where_the_country_starts_them(locale: str, first: int, minimal: int) -> None:
    names = names_of(locale)
    assert (names.first_weekday, names.minimal_days) == (first, minimal)


def zone_names(zone: str, day: str, locale: str = "en_US") -> tuple[str, str]:
    moment = parse_iso(day, zone_of(zone))
    names = names_of(locale)
    return names.zone_name(moment, "short", False), names.zone_name(moment, "full", False)


@pytest.mark.parametrize(
    ("zone", "day", "short", "full"),
    [
        ("UTC", "2024-03-05", "UTC", "Coordinated Universal Time"),
        ("America/New_York", "2024-03-05", "EST", "Eastern Standard Time"),
        ("America/New_York", "2024-07-05", "EDT", "Eastern Daylight Time"),
        ("Europe/Paris", "2024-07-05", "CEST", "Central European Summer Time"),
        ("Europe/London", "2024-03-05", "GMT", "Greenwich Mean Time"),
        ("Asia/Kolkata", "2024-03-05", "IST", "India Standard Time"),
        ("Asia/Calcutta", "2024-03-05", "IST", "India Standard Time"),
        ("Asia/Tokyo", "1850-03-05", "JST", "Japan Standard Time"),
        ("America/Sao_Paulo", "2024-03-05", "GMT-03:00", "Brasilia Standard Time"),
        ("Pacific/Auckland", "2024-03-05", "NZDT", "New Zealand Daylight Time"),
        ("Europe/Dublin", "2024-03-05", "GMT", "Greenwich Mean Time"),
        ("+02:00", "2024-03-05", "+02:00", "+02:00"),
        ("UTC-4", "2024-03-05", "UTC-04:00", "UTC-04:00"),
        ("Zulu", "2024-03-05", "UTC", "Coordinated Universal Time"),
        ("Etc/GMT+3", "2024-03-05", "GMT-03:00", "GMT-03:00"),
    ],
)
def test_zones_are_called_as_people_call_them(zone: str, day: str, short: str, full: str) -> None:
    assert zone_names(zone, day) == (short, full)


def test_zone_names_are_translated() -> None:
    assert zone_names("UTC", "2024-03-05", "de")[1] == "Koordinierte Weltzeit"
    assert zone_names("Europe/Paris", "2024-03-05", "de")[0] == "MEZ"
    assert zone_names("UTC", "2024-03-05", "xx")[1] == "GMT"
    assert zone_names("UTC", "2024-03-05", "fr")[0] == "UTC"
    assert zone_names("America/New_York", "2024-03-05", "fr")[0] == "EST"
    assert zone_names("America/Bogota", "2024-03-05", "fr")[0] == "UTC\u221205:00"


def test_a_generic_zone_name_holds_all_year() -> None:
    moment = parse_iso("2024-07-05", zone_of("America/Los_Angeles"))
    assert names_of("en_US").zone_name(moment, "short", True) == "PT"
    assert names_of("en_US").zone_name(moment, "full", True) == "Pacific Time"


@pytest.mark.parametrize(
    ("hour", "part"),
    [(0, "midnight"), (7, "in the morning"), (12, "noon"), (15, "in the afternoon")],
)
def test_parts_of_the_day_have_names(hour: int, part: str) -> None:
    assert names_of("en_US").day_period(hour * 3600, "short") == part


def test_dates_without_names_do_not_load_the_locale_data() -> None:
    program = (
        "import sys; from tiercel.expression.environment import Environment;"
        "print(Environment().render(\"{{ '2024-03-05' | date }}\", {}), 'babel' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert shown.stdout.split() == ["2024-03-05T00:00:00.000000Z", "False"]


def test_all_names_of_a_field_can_be_listed() -> None:
    assert names_of("en_US").values("month", "short")["Dec"] == 12
    assert names_of("en_US").values("am_pm", "short") == {"AM": 0, "PM": 1}
