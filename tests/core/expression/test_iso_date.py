"""ISO-8601 dates, against what `java.time` reads."""

from __future__ import annotations

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.iso_date import parse_iso
from tiercel.expression.zones import zone_id, zone_of


@pytest.mark.parametrize(
    ("text", "zone", "second", "nano"),
    [
        ("2024-03-05", "UTC", 1709596800, 0),
        ("2024-03-05", "America/New_York", 1709614800, 0),
        ("2024-03-05T07:08", "UTC", 1709622480, 0),
        ("2024-03-05t07:08:09z", "Asia/Tokyo", 1709622489, 0),
        ("2024-03-05T07:08:09.5Z", "UTC", 1709622489, 500_000_000),
        ("2024-03-05T07:08:09.Z", "UTC", 1709622489, 0),
        ("2024-03-05T07:08:09+02", "UTC", 1709615289, 0),
        ("2024-03-05T07:08:09+02:00[Europe/Athens]", "UTC", 1709615289, 0),
        ("0001-01-01", "UTC", -62135596800, 0),
        ("-0001-01-01", "UTC", -62198755200, 0),
        ("+10000-01-01", "UTC", 253402300800, 0),
    ],
)
def test_iso_texts_are_read_as_java_reads_them(
    text: str, zone: str, second: int, nano: int
) -> None:
    moment = parse_iso(text, zone_of(zone))
    assert (moment.epoch_second, moment.nano) == (second, nano)


@pytest.mark.parametrize(
    "text",
    [
        *("", "not a date", "2024-3-5", "20240305", "2024-02-30", "2023-02-29", "2024-13-01"),
        *("2024-03-05 07:08:09", "2024-03-05T24:00", "2024-03-05T07", "2024-03-05T07:08:60"),
        *("2024-03-05T07:08:09+0200", "2024-03-05T07:08:09+19:00", "10000-01-01", "+2024-01-01"),
        *("-0000-01-01", "2024-03-05T07:08:09,5", "2024-03-05T07:08:09.1234567890", "2024-03-05Z"),
        *(
            "2024-03-05T07:08:09Z[Mars/Phobos]",
            "2024-03-05T07:08[UTC]",
            "2024-03-05T07:08Z[UTC+03]",
            " 2024-03-05",
        ),
    ],
)
def test_what_java_does_not_read_is_refused(text: str) -> None:
    with pytest.raises(EvaluationError):
        parse_iso(text, zone_of("UTC"))


def test_an_offset_beats_its_region() -> None:
    moment = parse_iso("2024-03-05T07:08:09+05:00[Europe/Paris]", zone_of("UTC"))
    assert (moment.hour, moment.offset, zone_id(moment.zone)) == (3, 3600, "Europe/Paris")
