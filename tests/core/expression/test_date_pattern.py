"""Reading `DateTimeFormatter` patterns."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import EvaluationError
from tiercel.expression.date_nodes import (
    Fraction,
    Literal,
    Number,
    Offset,
    Optional,
    Padded,
    Reduced,
    Text,
    ZoneName,
)
from tiercel.expression.date_pattern import parse_pattern


@pytest.mark.parametrize(
    ("pattern", "node"),
    [
        ("y", Number("year_of_era", 1, 19, "normal")),
        ("yy", Reduced("year_of_era")),
        ("yyyy", Number("year_of_era", 4, 19, "exceeds_pad")),
        ("M", Number("month")),
        ("MM", Number("month", 2, 2, "not_negative")),
        ("MMM", Text("month", "short")),
        ("LLLL", Text("month", "full", standalone=True)),
        ("E", Text("day_of_week", "short")),
        ("EEEEE", Text("day_of_week", "narrow")),
        ("e", Number("local_day_of_week", 1, 1, "not_negative")),
        ("DD", Number("day_of_year", 2, 3, "not_negative")),
        ("SSS", Fraction(3, 3)),
        ("ZZZZZ", Offset("+HH:MM:ss", "Z")),
        ("xx", Offset("+HHMM", "+0000")),
        ("vvvv", ZoneName("full", generic=True)),
        ("ppd", Padded(Number("day"), 2)),
    ],
)
def test_letters_become_nodes(pattern: str, node: object) -> None:
    assert parse_pattern(pattern) == (node,)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("'quoted'", "quoted"), ("''", "'"), ("'o''clock'", "o'clock"), ("''''", "'"), ("é", "é")],
)
def test_quotes_make_literals(pattern: str, text: str) -> None:
    assert parse_pattern(pattern) == (Literal(text),)


def test_brackets_make_optional_sections() -> None:
    day = Number("day")
    assert parse_pattern("[d[d]]") == (Optional((day, Optional((day,)))),)
    assert parse_pattern("[d") == (Optional((day,)),)
    assert parse_pattern("[]") == ()


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("yyyy-MM-dd JJ", "Unknown pattern letter: J"),
        ("b", "Unknown pattern letter: b"),
        ("epoch", "Unknown pattern letter: o"),
        ("ISO", "Unknown pattern letter: I"),
        ("MMMMMM", "Too many pattern letters: M"),
        ("ddd", "Too many pattern letters: d"),
        ("aa", "Too many pattern letters: a"),
        ("FF", "Too many pattern letters: F"),
        ("WW", "Too many pattern letters: W"),
        ("DDDD", "Too many pattern letters: D"),
        ("SSSSSSSSSS", "Too many pattern letters: S"),
        ("GGGGGG", "Too many pattern letters: G"),
        ("XXXXXX", "Too many pattern letters: X"),
        ("zzzzz", "Too many pattern letters: z"),
        ("yyyyyyyyyyyy", "Too many pattern letters: y"),
        ("AAAAAAAAAAAAAAAAAAAA", "Too many pattern letters: A"),
        ("cc", "Invalid pattern 'cc'"),
        ("V", "must be 2: V"),
        ("OO", "must be 1 or 4: O"),
        ("BB", "Wrong number of pattern letters: B"),
        ("vv", "Wrong number of pattern letters: v"),
        ("'open", "incomplete text"),
        ("d]", "without a ["),
        ("{", "reserved character"),
        ("d#", "reserved character"),
        ("p", "must be followed by a pattern letter"),
        ("pp-", "must be followed by a pattern letter"),
    ],
)
def test_a_wrong_pattern_is_refused_with_its_letter(pattern: str, reason: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        parse_pattern(pattern)
    assert reason in str(caught.value)
    assert repr(pattern) in str(caught.value)


def test_a_padded_number_before_another_number_is_refused_as_in_java() -> None:
    with pytest.raises(EvaluationError, match="padded number"):
        parse_pattern("ppdM")
    assert len(parse_pattern("ppd/M")) == 3


@pytest.mark.parametrize("pattern", ["[" * 5000 + "d", "d" + "'x'" * 5000])
def test_a_pattern_without_measure_is_refused(pattern: str) -> None:
    with pytest.raises(EvaluationError, match=r"nested deeper|longer than"):
        parse_pattern(pattern)


@given(st.text(alphabet="yMdHmsSaEXVp'[]{-. é", max_size=12))
def test_any_text_is_a_pattern_or_an_evaluation_error(pattern: str) -> None:
    with suppress(EvaluationError):
        assert isinstance(parse_pattern(pattern), tuple)
