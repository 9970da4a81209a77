from __future__ import annotations

import pytest

from tiercel.check.types import (
    ANY,
    BOOLEAN,
    NULL,
    NUMBER,
    SECRET,
    TEXT,
    Either,
    ListOf,
    MapOf,
    Member,
    could_be,
    described,
    join,
    kinds,
    without_null,
)


def test_joining_keeps_each_type_once() -> None:
    assert join([TEXT, NUMBER, TEXT]) == Either((TEXT, NUMBER))
    assert join([Either((TEXT, NUMBER)), BOOLEAN]) == Either((TEXT, NUMBER, BOOLEAN))
    assert join([TEXT]) == TEXT


def test_joining_with_anything_gives_anything() -> None:
    assert join([TEXT, ANY]) == ANY
    assert join([]) == ANY


def test_anything_could_be_of_every_kind() -> None:
    assert could_be(ANY, ["list"])
    assert not could_be(TEXT, ["list", "map"])
    assert kinds(Either((TEXT, ListOf(ANY)))) == {"text", "list"}


def test_null_is_taken_out_of_a_union() -> None:
    assert without_null(Either((TEXT, NULL))) == TEXT
    assert without_null(TEXT) == TEXT


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (TEXT, "text"),
        (SECRET, "a secret text"),
        (ListOf(NUMBER), "a list of numbers"),
        (ListOf(ANY), "a list"),
        (MapOf({"a": Member(TEXT), "b": Member(TEXT)}), "a map with a, b"),
        (MapOf({}, ANY), "a map"),
        (MapOf({}), "an empty map"),
        (Either((TEXT, NUMBER)), "text or a number"),
    ],
)
def test_types_are_described_in_words(value, words) -> None:
    assert described(value) == words
