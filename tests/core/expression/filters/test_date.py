"""The date filters as templates call them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.environment import Environment
from tiercel.expression.temporal import from_tag
from tiercel.expression.values import Long, Uri

ENVIRONMENT = Environment()
TEXT = "2024-03-05T07:08:09Z"


def render(template: str, value: Any = TEXT, environment: Environment = ENVIRONMENT) -> str:
    return environment.render("{{ " + template + " }}", {"x": value})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (TEXT, "2024-03-05T07:08:09.000000Z"),
        ("2024-03-05", "2024-03-05T00:00:00.000000Z"),
        ("2024-03-05T07:08:09.123456789+05:30", "2024-03-05T01:38:09.123456Z"),
        (Long(1709622489), "2024-03-05T07:08:09.000000Z"),
        (1709622489123, "2024-03-05T07:08:09.123000Z"),
        (Long(-1), "1969-12-31T23:59:59.000000Z"),
        (-170962248912, "1964-08-01T06:29:11.088000Z"),
        (-1709622489123, "+52207-03-21T16:07:57.000000Z"),
        (1709622489123456000, "2024-03-05T07:08:09.123456Z"),
        (1709622489123456789, "2024-03-05T07:08:09.456789Z"),
        (datetime(2024, 3, 5, 7, 8, 9, tzinfo=UTC), "2024-03-05T07:08:09.000000Z"),
        (datetime(2024, 3, 5, 7, 8, 9), "2024-03-05T07:08:09.000000Z"),
        (date(2024, 3, 5), "2024-03-05T12:00:00.000000Z"),
        (from_tag("instant", "2024-03-05T07:08:09.123456789Z"), "2024-03-05T07:08:09.123456Z"),
        (from_tag("date", TEXT), "2024-03-05T07:08:09.000000Z"),
        (None, ""),
    ],
)
def test_every_kind_of_date_can_be_shown(value: Any, text: str) -> None:
    assert render("x | date", value) == text


@pytest.mark.parametrize(
    "value",
    [
        *(7, 1709622489, 2.5, True, [], {}, 2**70, Uri("2024-03-05"), time(7, 8), timedelta(1)),
        *("", "not a date", "2024-02-30", from_tag("offset", "2024-03-05T07:08:09+05:30")),
    ],
)
@pytest.mark.parametrize("filter_", ["date", "dateAdd(1, 'DAYS')", "timestamp", "timestampNano"])
def test_what_is_no_date_is_refused(value: Any, filter_: str) -> None:
    with pytest.raises(EvaluationError):
        render(f"x | {filter_}", value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("'yyyy-MM-dd HH:mm'", "2024-03-05 07:08"),
        ("'iso_sec', timeZone='Asia/Tokyo'", "2024-03-05T16:08:09+09:00"),
        ("timeZone='+9', format='HH:mm VV'", "16:08 +09:00"),
        ("timeZone=null", "2024-03-05T07:08:09.000000Z"),
        ("'MMMM', 'UTC', null, 'fr'", "mars"),
        ("'EEEE d MMMM', locale='de_DE'", "Dienstag 5 März"),
        ("'short'", "3/5/24, 7:08\u202fAM"),
        ("''", ""),
    ],
)
def test_date_takes_format_zone_and_locale(arguments: str, text: str) -> None:
    assert render(f"x | date({arguments})") == text


def test_the_zone_of_a_text_without_one_is_the_argument() -> None:
    assert render("x | date('iso_sec', timeZone='Asia/Tokyo')", "2024-03-05T07:08:09") == (
        "2024-03-05T07:08:09+09:00"
    )
    assert render("x | timestamp(timeZone='America/New_York')", "2024-03-05") == "1709614800"


def test_zones_of_the_same_offset_keep_their_names() -> None:
    zones = ("UTC", "Z", "GMT", "Etc/UTC", "UTC")
    shown = [render(f"x | date('VV', timeZone='{zone}')", "2024-03-05") for zone in zones]
    assert shown == list(zones)


def test_an_existing_format_tells_how_to_read_the_text() -> None:
    assert render("x | date('iso_sec', existingFormat='dd/MM/yyyy HH:mm')", "05/03/2024 07:08") == (
        "2024-03-05T07:08:00Z"
    )
    assert render("x | timestamp(existingFormat='yyyyMMdd')", "20240305") == "1709596800"


def test_the_defaults_are_those_of_the_environment() -> None:
    german = Environment(zone="Europe/Berlin", locale="de_DE")
    assert render("x | date('d. MMMM HH:mm')", environment=german) == "5. März 08:08"
    assert render("x | date('HH:mm', timeZone='UTC')", environment=german) == "07:08"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("null", "format"),
        ("7", "format"),
        ("timeZone='PST'", "PST"),
        ("timeZone=7", "timeZone"),
        ("existingFormat=7", "existingFormat"),
        ("locale='english'", "english"),
        ("locale=null", "locale"),
        ("'yyyy-MM-dd JJ'", "J"),
    ],
)
def test_a_wrong_argument_is_named(arguments: str, named: str) -> None:
    with pytest.raises(EvaluationError, match=named):
        render(f"x | date({arguments})")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("1, 'DAYS'", "2024-03-06T07:08:09.000000Z"),
        ("-2, 'HOURS', 'HH:mm'", "05:08"),
        ("'3', 'HOURS', 'HH:mm'", "10:08"),
        ("'-3', 'HOURS', 'HH:mm'", "04:08"),
        ("2.5, 'HOURS', 'HH:mm'", "09:08"),
        ("amount=1, unit='MONTHS', format='yyyy-MM-dd'", "2024-04-05"),
        ("1, 'DAYS', timeZone='Asia/Tokyo'", "2024-03-06T16:08:09.000000+09:00"),
        ("0, 'DAYS', 'MMMM', locale='fr'", "mars"),
    ],
)
def test_date_add_counts_units(arguments: str, text: str) -> None:
    assert render(f"x | dateAdd({arguments})") == text


def test_days_are_counted_in_the_zone_of_the_text() -> None:
    text = "2024-03-30T12:00:00+01:00[Europe/Paris]"
    assert render("x | dateAdd(1, 'DAYS', 'HH:mm')", text) == "10:00"
    assert render("x | dateAdd(24, 'HOURS', 'HH:mm')", text) == "11:00"


@pytest.mark.parametrize(
    "arguments",
    ["'x', 'HOURS'", "'', 'DAYS'", "1", "1, null", "1, 'days'", "1, 'FOREVER'", "true, 'DAYS'"],
)
def test_date_add_refuses_other_amounts_and_units(arguments: str) -> None:
    with pytest.raises(EvaluationError):
        render(f"x | dateAdd({arguments})")


def test_timestamps_count_from_1970() -> None:
    instant = from_tag("instant", "2024-03-05T07:08:09.123456789Z")
    names = ("timestamp", "timestampMilli", "timestampMicro", "timestampNano")
    assert [render(f"x | {name}", instant) for name in names] == [
        *("1709622489", "1709622489123", "1709622489123456", "1709622489123456789"),
    ]


def test_seconds_and_milliseconds_are_longs_and_the_rest_text() -> None:
    values = [
        ENVIRONMENT.evaluate("{{ x | " + name + " }}", {"x": TEXT})
        for name in ("timestamp", "timestampMilli", "timestampMicro", "timestampNano")
    ]
    assert [type(value) for value in values] == [Long, Long, str, str]


def test_null_has_no_timestamp() -> None:
    names = ("timestamp", "timestampMilli", "timestampMicro", "timestampNano")
    assert [render(f"x | {name}", None) for name in names] == ["", "", "", ""]
    assert render("x | dateAdd(1, 'DAYS')", None) == ""


@pytest.mark.parametrize("value", [datetime.min, datetime.max])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_the_ends_of_python_time_can_be_shown(value: datetime, zone: str) -> None:
    shown = render(f"x | date('iso_sec', timeZone='{zone}')", value.replace(tzinfo=UTC))
    assert shown.lstrip("+-")[-6:] in {"+09:00", "-05:00", "+09:18", "-04:56"}


def test_a_result_can_be_read_again() -> None:
    assert render("x | date | date('yyyy')") == "2024"
    assert render("(x | timestamp) | date('iso_sec')") == "2024-03-05T07:08:09Z"
