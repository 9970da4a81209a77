from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import FlowSyntaxError, Problem
from tiercel.model import yaml
from tiercel.model.yaml import Places, parse, read_scalar


def problem_of(text: str) -> Problem:
    with pytest.raises(FlowSyntaxError) as caught:
        parse(text, file="flow.yaml")
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("text", ["on", "off", "yes", "No", "y", "tRue", "Yes"])
def test_only_true_and_false_are_booleans(text: str) -> None:
    assert read_scalar(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("Null", None),
        ("", None),
        ("42", 42),
        ("+1", 1),
        ("-0", 0),
        ("010", 8),
        ("0x1F", 31),
        ("-0b101", -5),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        (".5", 0.5),
        ("1.", 1.0),
    ],
)
def test_plain_scalars_are_read_as_kestra_reads_them(text: str, value: Any) -> None:
    result = read_scalar(text)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    ["12:30:45", "2024-01-02", "2024-01-02T03:04:05Z", "08", "0o7", "1.2.3", "-.5", ".inf", "0x_"],
)
def test_what_only_resembles_a_number_stays_text(text: str) -> None:
    assert read_scalar(text) == text


def test_a_number_of_many_digits_stays_text() -> None:
    assert read_scalar("9" * 5000) == "9" * 5000


def test_quotes_keep_text() -> None:
    assert parse("a: '1'\nb: \"true\"\nc: |\n  5\n") == {"a": "1", "b": "true", "c": "5\n"}


def test_keys_are_text_as_written() -> None:
    assert parse("010: a\ntrue: b\n~: c\n1.0: d") == {"010": "a", "true": "b", "~": "c", "1.0": "d"}


def test_core_tags_choose_how_a_scalar_is_read() -> None:
    text = "a: !!str 1\nb: !!int '5'\nc: !!float 2\nd: !!null x"
    assert parse(text) == {"a": "1", "b": 5, "c": 2.0, "d": None}


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!!python/name:os.system", "!custom", "!!set"]
)
def test_other_tags_execute_nothing(tag: str) -> None:
    assert parse(f"a: {tag} echo") == {"a": "echo"}


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse("\ufeffa: 1") == {"a": 1}


def test_aliases_stand_for_what_their_anchor_names() -> None:
    assert parse("a: &x {k: [1]}\nb: *x\nc: &y z\nd: *y")["b"] == {"k": [1]}


def test_an_anchor_may_name_the_whole_document() -> None:
    assert parse("&root [1, 2]") == [1, 2]


def test_a_key_twice_is_refused_where_it_is_repeated() -> None:
    problem = problem_of("id: a\nlabels:\n  k: 1\n  k: 2\n")
    assert "Duplicate field 'k'" in problem.message
    assert (problem.file, problem.line, problem.column) == ("flow.yaml", 4, 3)


def test_the_same_key_in_two_mappings_is_no_duplicate() -> None:
    assert parse("[{k: 1}, {k: 2}]") == [{"k": 1}, {"k": 2}]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [1, 2", 1, 9),
        ("a:\n\tb: 1", 2, 1),
        ("a: 1\nb: *nope", 2, 4),
        ("a: x\0y", 1, 5),
        ("ok: 1\na: \x07", 2, 4),
        ("a: 1\n---\nb: 2", 2, 1),
        ("# nothing\n", 2, 1),
        ("{a: b}: c", 1, 1),
        ("a: '", 1, 5),
        ("a: \ud800", 1, 4),
        ("a: &x [*x]", 1, 8),
        ("&a k: 1\n*a : 2\n", 2, 1),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place(text: str, line: int, column: int) -> None:
    problem = problem_of(text)
    assert (problem.line, problem.column, problem.code) == (line, column, "yaml")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "a:\n"])
def test_two_thousand_nests_are_refused_and_do_not_exhaust_the_stack(opening: str) -> None:
    assert problem_of(opening * 2000).line > 0


def test_nesting_up_to_the_limit_is_read() -> None:
    value = parse("[" * yaml.MAX_DEPTH + "]" * yaml.MAX_DEPTH)
    for _ in range(yaml.MAX_DEPTH - 1):
        (value,) = value
    assert value == []


def test_a_bomb_of_aliases_is_counted_by_what_it_expands_to() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert f"more than {yaml.MAX_ALIASED} values" in problem_of("\n".join(lines)).message


def test_aliases_cannot_nest_deeper_than_brackets() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, yaml.MAX_DEPTH + 1)]
    assert "levels deep" in problem_of("\n".join(lines)).message


def test_a_text_that_is_too_long_is_refused() -> None:
    assert "characters" in problem_of("a" * (yaml.MAX_LENGTH + 1)).message


def test_the_pure_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\ufeffa: [1, 'x', &k {b: true}]\nc: *k\nd: |\n  text\n"
    fast = parse(text)
    monkeypatch.setattr(yaml, "_Parser", yaml.yaml.SafeLoader)
    assert parse(text) == fast
    assert "the character #x0000" in problem_of("a: \0").message


TEXT = """\
id: x
tasks:
  - id: a
    uri: http://h
  - {id: b, list: [1, 2]}
same: &s {k: v}
again: *s
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("id",), (1, 1), (1, 5)),
        (("tasks",), (2, 1), (3, 3)),
        (("tasks", 0), (3, 5), (3, 5)),
        (("tasks", 0, "uri"), (4, 5), (4, 10)),
        (("tasks", 1, "list", 1), (5, 23), (5, 23)),
        (("again", "k"), (7, 1), (7, 8)),
        (("tasks", 0, "missing"), (3, 5), (3, 5)),
        ((), (1, 1), (1, 1)),
    ],
)
def test_places_of_keys_and_values(path: Any, key: Any, value: Any) -> None:
    places = Places(TEXT)
    assert (places.key(path), places.value(path)) == (key, value)


ANY_TEXT = st.text() | st.text(alphabet="ab:-[]{}&*!|>?'\"#,%@` \n\t1.~", max_size=60)


@given(ANY_TEXT)
def test_any_text_gives_data_or_a_syntax_error(text: str) -> None:
    try:
        data = parse(text)
    except FlowSyntaxError:
        data = None
    assert data is None or isinstance(data, str | int | float | bool | list | dict)


@given(st.recursive(st.integers() | st.booleans() | st.none(), st.lists, max_leaves=20))
def test_flow_style_lists_survive_a_round_trip(value: Any) -> None:
    assert parse(json.dumps(value)) == value
