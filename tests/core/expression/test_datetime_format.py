"""Writing dates by pattern, name and style."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import EvaluationError
from tiercel.expression.datetime_format import FORMATS, formatter, iso_text
from tiercel.expression.iso_date import parse_iso
from tiercel.expression.moment import Moment
from tiercel.expression.zones import zone_of

TIME = "2024-03-05T07:08:09.123456789Z"


def write(format_: str, text: str = TIME, zone: str = "UTC", locale: str = "en_US") -> str:
    return formatter(format_, locale).write(parse_iso(text, zone_of(zone)).in_zone(zone_of(zone)))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd HH:mm:ss.SSSSSS", "2024-03-05 07:08:09.123456"),
        ("yy u yyy yyyyy", "24 2024 2024 02024"),
        ("G GGGG GGGGG", "AD Anno Domini A"),
        ("M MM MMM MMMM MMMMM", "3 03 Mar March M"),
        ("L LL LLL LLLL LLLLL", "3 03 Mar March M"),
        ("Q QQ QQQ QQQQ QQQQQ", "1 01 Q1 1st quarter 1"),
        ("E EEEE EEEEE", "Tue Tuesday T"),
        ("e ee c eeee ccc", "3 03 3 Tuesday Tue"),
        ("d dd D DDD F", "5 05 65 065 1"),
        ("w ww W Y YY", "10 10 2 2024 24"),
        ("h hh K k H", "7 07 7 7 7"),
        ("a B", "AM in the morning"),
        ("S SSS SSSSSSSSS", "1 123 123456789"),
        ("A n N g", "25689123 123456789 25689123456789 60374"),
        ("VV z zzzz v", "UTC UTC Coordinated Universal Time UTC"),
        ("O OOOO", "GMT GMT"),
        ("X XX XXX XXXX XXXXX", "Z Z Z Z Z"),
        ("x xx xxx xxxx xxxxx", "+00 +0000 +00:00 +0000 +00:00"),
        ("Z ZZ ZZZ ZZZZ ZZZZZ", "+0000 +0000 +0000 GMT Z"),
        ("[yyyy][MM] ppd 'o''clock'", "202403  5 o'clock"),
        ("", ""),
    ],
)
def test_every_letter_writes_its_field(pattern: str, text: str) -> None:
    assert write(pattern) == text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("X XX XXX XXXX XXXXX", "-0330 -0330 -03:30 -033015 -03:30:15"),
        ("x xx xxx", "-0330 -0330 -03:30"),
        ("Z ZZZZ ZZZZZ", "-0330 GMT-03:30:15 -03:30:15"),
        ("O OOOO", "GMT-3:30:15 GMT-03:30:15"),
        ("VV z", "-03:30:15 -03:30:15"),
    ],
)
def test_offsets_show_as_much_as_the_pattern_has_room_for(pattern: str, text: str) -> None:
    assert write(pattern, zone="-03:30:15") == text


def test_an_offset_of_seconds_only_counts_as_none_without_room_for_them() -> None:
    assert write("XXX XXXXX", zone="-00:00:30") == "Z -00:00:30"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("iso", "2024-03-05T07:08:09.123456Z"),
        ("iso_milli", "2024-03-05T07:08:09.123Z"),
        ("iso_sec", "2024-03-05T07:08:09Z"),
        ("sql", "2024-03-05 07:08:09.123456"),
        ("sql_milli", "2024-03-05 07:08:09.123"),
        ("sql_sec", "2024-03-05 07:08:09"),
        ("iso_date_time", "2024-03-05T07:08:09.123456789Z[UTC]"),
        ("iso_date", "2024-03-05Z"),
        ("iso_time", "07:08:09.123456789Z"),
        ("iso_local_date", "2024-03-05"),
        ("iso_instant", "2024-03-05T07:08:09.123456789Z"),
        ("iso_local_date_time", "2024-03-05T07:08:09.123456789"),
        ("iso_local_time", "07:08:09.123456789"),
        ("iso_offset_time", "07:08:09.123456789Z"),
        ("iso_ordinal_date", "2024-065Z"),
        ("iso_week_date", "2024-W10-2Z"),
        ("iso_zoned_date_time", "2024-03-05T07:08:09.123456789Z[UTC]"),
        ("rfc_1123_date_time", "Tue, 5 Mar 2024 07:08:09 GMT"),
    ],
)
def test_named_formats_write_what_kestra_writes(name: str, text: str) -> None:
    assert write(name) == text


def test_a_bare_offset_has_no_region_to_show() -> None:
    assert write("iso_zoned_date_time", zone="+02:00") == "2024-03-05T09:08:09.123456789+02:00"


def test_the_fraction_of_an_instant_comes_in_groups_of_three() -> None:
    texts = [write("iso_instant", f"2024-03-05T07:08:09{part}Z") for part in ("", ".1", ".0001")]
    assert [text[19:] for text in texts] == ["Z", ".100Z", ".000100Z"]


@pytest.mark.parametrize(
    ("locale", "style", "text"),
    [
        ("en_US", "short", "3/5/24, 7:08\u202fAM"),
        ("en_US", "medium", "Mar 5, 2024, 7:08:09\u202fAM"),
        ("en_US", "long", "March 5, 2024, 7:08:09\u202fAM UTC"),
        ("en_US", "full", "Tuesday, March 5, 2024, 7:08:09\u202fAM Coordinated Universal Time"),
        ("en_GB", "short", "05/03/2024, 07:08"),
        ("de", "full", "Dienstag, 5. März 2024, 07:08:09 Koordinierte Weltzeit"),
        ("fr", "short", "05/03/2024 07:08"),
        ("zh_CN", "short", "2024/3/5 07:08"),
    ],
)
def test_styles_follow_the_locale(locale: str, style: str, text: str) -> None:
    assert write(style, locale=locale) == text


def test_nothing_is_rounded() -> None:
    assert write("SSS", "2024-03-05T07:08:09.9996Z") == "999"
    assert write("ss", "2024-03-05T07:08:09.9996Z") == "09"


def test_years_beyond_four_digits_have_a_sign() -> None:
    assert write("yyyy-MM-dd", "+12024-01-01") == "+12024-01-01"
    assert write("uuuu G", "-0001-01-01") == "-0001 BC"
    assert write("yy", "-0001-01-01") == "02"


@pytest.mark.parametrize(("pattern", "text"), [("ppM", "2024-11-05"), ("pppppppppa", TIME)])
def test_padding_fills_with_blanks(pattern: str, text: str) -> None:
    assert len(write(pattern, text)) == len(pattern) - 1


def test_what_does_not_fit_its_padding_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="pad width"):
        write("pEEEE")


moments = st.builds(
    Moment.of_epoch,
    st.integers(-62_135_510_400, 253_402_214_400),
    st.integers(0, 999_999_999),
    st.sampled_from([zone_of(name) for name in ("UTC", "Europe/Paris", "-03:30:15", "UTC+3")]),
)
FIELDS = st.sampled_from(["yyyy", "yy", "MM", "dd", "HH", "mm", "ss", "SSS", "SSSSSS"])
PIECES = st.builds("{}{}".format, FIELDS, st.sampled_from(["-", ":", " ", ".", "'%'", "'T'"]))


@given(moments, st.lists(PIECES, max_size=8), st.sampled_from(["", "dd", "XXX", "xxx"]))
def test_the_fast_way_writes_the_same(moment: Moment, pieces: list[str], end: str) -> None:
    compiled = formatter("".join(pieces) + end, "en_US")
    assert compiled.from_iso is not None
    if iso := iso_text(moment):
        assert compiled.from_iso(iso) == compiled.write(moment)


@given(moments)
def test_the_common_formats_have_a_fast_way(moment: Moment) -> None:
    for name in ("iso", "iso_milli", "iso_sec", "sql", "sql_milli", "sql_sec", "yyyy-MM-dd"):
        compiled = formatter(name, "en_US")
        assert compiled.from_iso is not None
        if iso := iso_text(moment):
            assert compiled.from_iso(iso) == compiled.write(moment)


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_iso_text_is_that_of_python(value: datetime) -> None:
    assert iso_text(Moment.of_datetime(value)) == value.isoformat(" ", "microseconds")


def test_a_format_is_compiled_once() -> None:
    assert formatter("yyyy", "en_US") is formatter("yyyy", "en_US")


def test_every_named_format_writes_without_an_error() -> None:
    assert all(write(name) for name in FORMATS)
