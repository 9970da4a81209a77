from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel_jdbc.statements import parameters_of, split, with_marks, with_parameters


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;", ["SELECT 1"]),
        ("a; b ;\n c", ["a", "b", "c"]),
        (";;a;;", ["a"]),
        ("SELECT ';' ; b", ["SELECT ';'", "b"]),
        ("SELECT 'it''s;' ; b", ["SELECT 'it''s;'", "b"]),
        (r"SELECT E'\';' ; b", [r"SELECT E'\';'", "b"]),
        ('SELECT ";" ; b', ['SELECT ";"', "b"]),
        ("a -- ;\n; b", ["a -- ;", "b"]),
        ("a /* ; */ ; b", ["a /* ; */", "b"]),
        ("-- nothing\n; /* here */ ; b", ["b"]),
        ("DO $$ BEGIN x; END $$; b", ["DO $$ BEGIN x; END $$", "b"]),
        ("DO $q$ a; $$ ; $q$; b", ["DO $q$ a; $$ ; $q$", "b"]),
        ("SELECT $1; b", ["SELECT $1", "b"]),
        (
            "CREATE FUNCTION f() BEGIN ATOMIC a; SELECT CASE WHEN b THEN c END; END; d",
            ["CREATE FUNCTION f() BEGIN ATOMIC a; SELECT CASE WHEN b THEN c END; END", "d"],
        ),
        ("BEGIN; a; END; b", ["BEGIN", "a", "END", "b"]),
        ("", []),
    ],
)
def test_statements_end_where_they_end(sql: str, statements: list[str]) -> None:
    assert split(sql) == statements


def test_the_body_of_a_trigger_of_sqlite_is_one_statement() -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON x BEGIN UPDATE x SET a=1; DELETE FROM y; END"
    assert split(f"{trigger}; b", sqlite3.complete_statement) == [trigger, "b"]


@given(st.lists(st.sampled_from(["a", ";", "'", '"', "--", "\n", "/*", "*/", "$$", " "])))
def test_nothing_but_ends_and_comments_is_lost(parts: list[str]) -> None:
    sql = "".join(parts)
    kept = "".join(split(sql))
    assert kept.count("a") <= sql.count("a")
    assert split("; ".join(split(sql))) is not None


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a = :a", "a = $a"),
        (":a::int", "$a::int"),
        ("':a' \":a\" -- :a\n/* :a */ $$:a$$", "':a' \":a\" -- :a\n/* :a */ $$:a$$"),
        (":b x[1:2] y[:a]", ":b x[1:2] y[$a]"),
        ("'it''s :a' :a", "'it''s :a' $a"),
        (":ab :a_1", ":ab :a_1"),
    ],
)
def test_parameters_are_found_but_not_in_texts(sql: str, expected: str) -> None:
    assert with_parameters(sql, {"a"}, lambda name: f"${name}") == expected


def test_every_percent_is_doubled_where_the_driver_wants_it() -> None:
    sql = "SELECT ':a' LIKE '%x', 5 % 2, :a"
    made = with_parameters(sql, {"a"}, lambda name: f"%({name})s", percent=True)
    assert made == "SELECT ':a' LIKE '%%x', 5 %% 2, %(a)s"


def test_the_names_of_parameters_are_found() -> None:
    assert parameters_of(":a ':b' ::c :d") == {"a", "d"}


@pytest.mark.parametrize(
    ("sql", "made", "count"),
    [
        ("VALUES (?, ?)", "VALUES (%s, %s)", 2),
        ("VALUES ('?', ?) -- ?", "VALUES ('?', %s) -- ?", 1),
        ("VALUES (? % 2, '%')", "VALUES (%s %% 2, '%%')", 1),
    ],
)
def test_marks_are_found_but_not_in_texts(sql: str, made: str, count: int) -> None:
    assert with_marks(sql) == (made, count)
