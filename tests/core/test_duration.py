"""Durations, against what `java.time.Duration` answers (JDK 17)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel import _duration


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("PT0S", "PT0S"),
        ("P0D", "PT0S"),
        ("PT1H30M", "PT1H30M"),
        ("pt5m", "PT5M"),
        ("PT-5M", "PT-5M"),
        ("-PT5M", "PT-5M"),
        ("-PT-5M", "PT5M"),
        ("+PT5M", "PT5M"),
        ("P2D", "PT48H"),
        ("p2dt3h", "PT51H"),
        ("P-2DT12H", "PT-36H"),
        ("PT90M", "PT1H30M"),
        ("PT86400S", "PT24H"),
        ("PT1.5S", "PT1.5S"),
        ("PT1,5S", "PT1.5S"),
        ("PT1.S", "PT1S"),
        ("PT-0.5S", "PT-0.5S"),
        ("PT-1.5S", "PT-1.5S"),
        ("PT1M-1.5S", "PT58.5S"),
        ("PT-1M1.5S", "PT-58.5S"),
        ("PT0.123456789S", "PT0.123456789S"),
        ("PT0.100S", "PT0.1S"),
        ("PT+3H-3M", "PT2H57M"),
        ("PT60S", "PT1M"),
        ("P1Dt", "PT24H"),
    ],
)
def test_durations_print_as_java_prints_them(text: str, printed: str) -> None:
    assert _duration.format_nanos(_duration.parse_nanos(text)) == printed


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "P",
            "PT",
            "Pt",
            "-P",
            "P1DT",
            "1H",
            "5m",
            "P1W",
            "P1M",
            "P1Y",
            "PT1.5H",
            "PT.5S",
            "PT1D",
        ),
        *("PT1M1H", " PT1S", "PT1S ", "PT1S\n", "PT1.0123456789S", "PT--1S", "PT१S", "P1D2H"),
        *("PT9223372036854775808S", "P-106751991167301D"),
    ],
)
def test_what_java_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        _duration.parse(text)


def test_the_error_names_the_text_and_what_is_right() -> None:
    with pytest.raises(ValueError, match=r"Not an ISO-8601 duration: '5m'.*'PT1H30M'"):
        _duration.parse("5m")


def test_a_duration_beyond_timedelta_is_too_long() -> None:
    with pytest.raises(ValueError, match="too long"):
        _duration.parse("P1000000000D")


def test_parse_gives_a_timedelta_without_nanoseconds() -> None:
    assert _duration.parse("PT1.999999999S") == timedelta(seconds=1, microseconds=999_999)
    assert _duration.parse("PT-0.0000019S") == timedelta(microseconds=-1)


@given(st.timedeltas())
def test_a_printed_timedelta_reads_back(duration: timedelta) -> None:
    assert _duration.parse(_duration.format(duration)) == duration


@given(st.integers(-(2**63) * 10**9, 2**63 * 10**9 - 1))
def test_printed_nanoseconds_read_back(nanos: int) -> None:
    assert _duration.parse_nanos(_duration.format_nanos(nanos)) == nanos


@given(st.text(alphabet="PTDHMSpt0123456789.,+- ", max_size=12))
def test_any_text_parses_or_raises_a_value_error(text: str) -> None:
    try:
        parsed = _duration.parse_nanos(text)
    except ValueError:
        return
    assert _duration.format_nanos(parsed).startswith("PT")
