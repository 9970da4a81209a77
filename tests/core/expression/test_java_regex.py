"""Java's regular expressions for `split` and `replace`."""

from __future__ import annotations

import pytest

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression.java_regex import replace_all, split


@pytest.mark.parametrize(
    ("text", "pattern", "limit", "pieces"),
    [
        ("a,b,,c,,", ",", 0, ["a", "b", "", "c"]),
        ("a,b,,c,,", ",", -1, ["a", "b", "", "c", "", ""]),
        ("a,b,c", ",", 2, ["a", "b,c"]),
        ("a.b", ".", 0, []),
        ("a.b", r"\.", 0, ["a", "b"]),
        ("abc", "", 0, ["a", "b", "c"]),
        ("", ",", 0, [""]),
        ("a1b22c", "[0-9]+", 0, ["a", "b", "c"]),
        ("xay", "(?i)A", 0, ["x", "y"]),
        ("a.b*c", r"\Q.b*\E", 0, ["a", "c"]),
    ],
)
def test_splitting_follows_java(text: str, pattern: str, limit: int, pieces: list[str]) -> None:
    assert split(text, pattern, limit) == pieces


@pytest.mark.parametrize(
    ("text", "pattern", "replacement", "result"),
    [
        ("hello", "(l+)", "[$1]", "he[ll]o"),
        ("ab12", r"(\d)(\d)", "$2$1", "ab21"),
        ("a", "(a)", "$10", "a0"),
        ("ab", "(?<x>a)", "${x}${x}", "aab"),
        ("a", "a", r"\$\\", "$\\"),
        ("abc", "b|(z)", "<$1>", "a<>c"),
        ("aXb", "(?<=a)X", "-", "a-b"),
    ],
)
def test_replacing_follows_java(text: str, pattern: str, replacement: str, result: str) -> None:
    assert replace_all(text, pattern, replacement, 100) == result


@pytest.mark.parametrize(
    ("pattern", "replacement"), [("[", "x"), ("a", "$1"), ("a", "${x}"), ("a", "$"), ("(?<x", "")]
)
def test_malformed_patterns_and_replacements_are_refused(pattern: str, replacement: str) -> None:
    with pytest.raises(EvaluationError):
        replace_all("a", pattern, replacement, 100)


def test_a_result_may_be_only_so_long() -> None:
    with pytest.raises(LimitError):
        replace_all("aaaa", "a", "xxxxxxxxxx", 20)


def test_a_pattern_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(LimitError, match="took longer"):
        replace_all("a" * 60 + "b", "(a|aa)+$", "", 10**6)
