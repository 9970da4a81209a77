"""Time zones by Java's names."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.zones import is_offset, offset_id, parse_offset, zone_id, zone_of


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("Europe/Paris", "Europe/Paris"),
        ("UTC", "UTC"),
        ("GMT", "GMT"),
        ("UT", "UT"),
        ("Z", "Z"),
        ("+9", "+09:00"),
        ("-0530", "-05:30"),
        ("+05:30", "+05:30"),
        ("+18:00", "+18:00"),
        ("+123456", "+12:34:56"),
        ("UTC-4", "UTC-04:00"),
        ("GMT+3", "GMT+03:00"),
        ("UT+01:30", "UT+01:30"),
        ("UTC+00:00", "UTC"),
        ("GMT0", "GMT0"),
        ("CET", "CET"),
        ("EST5EDT", "EST5EDT"),
    ],
)
def test_a_zone_has_the_id_that_java_gives_it(name: str, id_: str) -> None:
    assert zone_id(zone_of(name)) == id_


@pytest.mark.parametrize(
    "name",
    [
        *("", "z", "A", "EST", "PST", "HST", "ROC", "europe/paris", "Mars/Phobos", "localtime"),
        *("+", "+1:2", "+123", "+24", "+18:01", "+05:60", "UTC+", "UTC+x", "../etc", "posix/UTC"),
    ],
)
def test_a_zone_that_java_does_not_know_is_refused_by_name(name: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        zone_of(name)
    assert repr(name.removeprefix("UTC") if name.startswith("UTC+") else name) in str(caught.value)


def test_offsets_print_seconds_only_when_there_are_some() -> None:
    assert [offset_id(seconds) for seconds in (0, 19_800, -12_600, -30)] == [
        *("Z", "+05:30", "-03:30", "-00:00:30"),
    ]


def test_an_offset_reads_back_from_its_id() -> None:
    for seconds in (0, 3600, -19_800, 45_296, -64_800):
        assert parse_offset(offset_id(seconds)) == seconds


def test_python_zones_have_java_ids_too() -> None:
    assert zone_id(UTC) == "Z"
    assert zone_id(timezone(timedelta(hours=3))) == "+03:00"
    assert zone_id(ZoneInfo("Asia/Tokyo")) == "Asia/Tokyo"


def test_only_bare_offsets_count_as_offsets() -> None:
    zones = ("Z", "+02:00", "UTC", "GMT+3", "Zulu", "Europe/Paris")
    assert [is_offset(zone_of(name)) for name in zones] == [True, True, False, False, False, False]
