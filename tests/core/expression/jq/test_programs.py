"""What jq programs give, by jackson-jq's rules; the golden data hold many more."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiercel.errors import LimitError
from tiercel.expression.jq import JqError, run


def results(program: str, value: Any = None) -> list[Any]:
    return run(program, value, seconds=9, most=10**6)


ACCESS = [
    (".a.b", {"a": {"b": 1}}, [1]),
    (".a.b.c", {"a": None}, [None]),
    ('."a"."b c"', {"a": {"b c": 1}}, [1]),
    (".foo.if", {"foo": {"if": 2}}, [2]),
    (".[-1]", [1, 2], [2]),
    (".[1,0]", [1, 2], [2, 1]),
    (".[1:]", [1, 2, 3], [[2, 3]]),
    (".[:-1]", "abc", ["ab"]),
    (".[2:1]", [1, 2, 3], [[]]),
    (".[[2]]", [1, 2, 2], [[1, 2]]),
    ("[.[]|.a?]", [1, {"a": 2}], [[2]]),
    ("[..]", [[1]], [[[[1]], [1], 1]]),
    (".[.k]", {"k": "k"}, ["k"]),
    (". | # a comment\n .a", {"a": 1}, [1]),
]

NUMBERS = [
    ("1.0", None, [1.0]),
    ("1.0 + 1", None, [2]),
    ("7 / 2", None, [3.5]),
    ("10 / 5", None, [2]),
    (". + 1", 9007199254740993, [9007199254740994]),
    (". + 1", 2**63 - 1, [-(2**63)]),
    (". - 9007199254740992", 9007199254740993, [1]),
    ("add", [2**62, 2**62, None], [-(2**63)]),
    (".", [9007199254740993, 2**70], [[9007199254740993, 2**70]]),
    ("1.5 | floor, ceil, round", None, [1.0, 2.0, 2.0]),
    (". * 2", 1e18, [2000000000000000000]),
    ("nan, infinite, -infinite", None, [float("nan"), float("inf"), float("-inf")]),
    (
        '12345678.5, 1e-5 | tojson, "\\(.)"',
        None,
        ["1.23456785e+7", "1.23456785E7", "1.0e-5", "1.0E-5"],
    ),
    ("-0.5 | ceil", None, [-0.0]),
    ("0.49999999999999994 | round", None, [0.0]),
    ("1e1000", None, [float("inf")]),
    ("5 % 3, -5 % 3, 5 % -3, 5.9 % 2", None, [2, -2, 2, 1]),
    ("pow(2; 10)", None, [1024]),
    ('"1.5", "2.0" | tonumber', None, [1.5, 2]),
    ("3.0 | tostring", None, ["3"]),
    ('"\\(3.0)"', None, ["3.0"]),
    ("-.a", {"a": 2}, [-2]),
    ("infinite | tostring", None, ["1.7976931348623157e+308"]),
]

COLLECTIONS = [
    ("to_entries | from_entries", {"a": 1}, [{"a": 1}]),
    ("with_entries(.value += 1)", {"a": 1}, [{"a": 2}]),
    ("group_by(.a) | map(length)", [{"a": 1}, {"a": 2}, {"a": 1}], [[2, 1]]),
    ("sort", [{}, [1], "a", 2, True, None], [[None, True, 2, "a", [1], {}]]),
    ("unique", [1, 1.0, 1.5], [[1, 1.5]]),
    ("keys", {"b": 1, "a": 2}, [["a", "b"]]),
    ("flatten(1)", [1, [2, [3]]], [[1, 2, [3]]]),
    ("[1,2,2] - [2]", None, [[1]]),
    ("[[1],2] - [[1]]", None, [[2]]),
    ('{"a":1} * {"a":{"b":2}}', None, [{"a": {"b": 2}}]),
    ("transpose", [[1], [2, 3]], [[[1, 2], [None, 3]]]),
    ('walk(if type == "number" then . + 1 else . end)', {"a": [1]}, [{"a": [2]}]),
    ("[.[] | combinations]", [[[0, 1], [2]]], [[[0, 2], [1, 2]]]),
    ("max_by(.a), min_by(.a)", [{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}]),
]

TEXTS = [
    ('"a,b" | split(","), index(","), ltrimstr("a")', None, [["a", "b"], 1, ",b"]),
    ('join(",")', [1, None, "a", True], ["1,,a,true"]),
    ("@csv", [1, 'a"b', None, True], ['1,"a""b",,true']),
    ("@tsv", ["a\tb", 1], ["a\\tb\t1"]),
    ("@sh", "it's", ["'it'\\''s'"]),
    ("@uri", "a b/ü", ["a%20b%2F%C3%BC"]),
    ("@html", "<&'>", ["&lt;&amp;&apos;&gt;"]),
    ('@base64 "x\\(.)"', "é", ["xw6k="]),
    ("@base64d", "w6k", ["é"]),
    ('"\\u00e9\\ud83d\\ude00"', None, ["é😀"]),
    ('test("B"; "i"), test(["B", "i"])', "abc", [True, True]),
    ('[match("a"; "g").offset]', "banana", [[1, 3, 5]]),
    ('capture("(?<y>[0-9]+)-(?<m>[0-9]+)")', "2024-05", [{"y": "2024", "m": "05"}]),
    ('gsub("(?<x>[a-z])"; "\\(.x)\\(.x)")', "ab", ["aabb"]),
    ('[splits(", *")]', "a, b,c", [["a", "b", "c"]]),
    ('[scan("([a-z])([0-9])")]', "a1b2", [[["a", "1"], ["b", "2"]]]),
]

CONTROL = [
    ('try error({"a":1}) catch .a', None, [1]),
    ("[.[]|tonumber?]", ["1", "x", "2"], [[1, 2]]),
    ("error(null)", 1, []),
    ("[label $out | .[] | if . > 2 then break $out else . end]", [1, 2, 3], [[1, 2]]),
    ("[limit(3; .[])], [first(range(10))]", [1, 2, 3, 4], [[1, 2, 3], [0]]),
    ("reduce .[] as [$i, $j] (0; . + $i * $j)", [[1, 2], [3, 4]], [14]),
    ("[foreach range(4) as $i (0; . + $i; [$i, .])]", None, [[[0, 0], [1, 1], [2, 3], [3, 6]]]),
    ("def fac: if . == 1 then 1 else . * (. - 1 | fac) end; [.[] | fac]", [3, 4], [[6, 24]]),
    ("def f($a; g): $a + g; f(1; 2, 3)", None, [3, 4]),
    ("[while(. < 10; . * 2)]", 1, [[1, 2, 4, 8]]),
    ("[recurse(if . < 3 then . + 1 else empty end)]", 1, [[1, 2, 3]]),
    (". as {a: $x, b: [$y, $z]} | [$x, $y, $z]", {"a": 1, "b": [2]}, [[1, 2, None]]),
    (". as {$a} | $a", {"a": 1}, [1]),
    ("(1, null) and true", None, [True, False]),
    (".a // .b // 3", {"a": False}, [3]),
    ("[(1, 2) + (10, 20)]", None, [[11, 12, 21, 22]]),
    ("{a: (1, 2), b: 3}", None, [{"a": 1, "b": 3}, {"a": 2, "b": 3}]),
    ('{"x\\(1)": 2, @base64 "k": 1}', None, [{"x1": 2, "k": 1}]),
]

PATHS = [
    (".a.b.c = 1", {}, [{"a": {"b": {"c": 1}}}]),
    (".a[2] = 1", {}, [{"a": [None, None, 1]}]),
    ('.[1:2] = ["x", "y"]', [1, 2, 3], [[1, "x", "y", 3]]),
    (".[] += 1", [1, 2], [[2, 3]]),
    (".a //= 5", {"a": None}, [{"a": 5}]),
    ("(.a, .b) |= . + 1", {"a": 1, "b": 2}, [{"a": 2, "b": 3}]),
    ("del(.[0, 2]), del(.[1:])", [1, 2, 3], [[2], [1]]),
    ("[paths]", {"a": [1]}, [[["a"], ["a", 0]]]),
    ("path(.a[0].b), path(first(.a, .b))", {"a": None}, [["a", 0, "b"], ["a"]]),
    ('getpath(["a", 0]), setpath(["b"]; 1)', {"a": [7]}, [7, {"a": [7], "b": 1}]),
]


@pytest.mark.parametrize(
    ("program", "value", "expected"),
    [*ACCESS, *NUMBERS, *COLLECTIONS, *TEXTS, *CONTROL, *PATHS],
)
def test_a_program_gives_these_results(program: str, value: Any, expected: Any) -> None:
    # With their types all the way down: 1 is not 1.0 here.
    assert repr(results(program, value)) == repr(expected)


@pytest.mark.parametrize(
    ("program", "value", "words"),
    [
        (".a", 1, 'Cannot index number with string ("a")'),
        (".[0]", {}, "Cannot index object with number"),
        (".[]", None, "Cannot iterate over null"),
        ('"1" + 1', None, "cannot be added"),
        ("1 / 0", None, "divisor is zero"),
        ("{} | error", None, "{}"),
        ('"x" | tonumber', None, 'For input string: "x"'),
        ("true | contains(false)", None, "containment"),
        ("map_values(empty)", [1], "empty"),
        ("path(1 + 1)", {}, "Invalid path expression"),
        ('test("(")', "a", "unmatched parenthesis"),
        ('"x" * 30000 | test("(x+x+)+y")', None, "retry-limit"),
        ('test("a"; "q")', "a", "not a valid modifier"),
        ("@nope", 1, "@nope does not exist"),
        ("$nope", 1, "$nope is not defined"),
        ("break $x", 1, "$*label-x is not defined"),
        ("[1114112] | implode", None, "codepoints"),
    ],
)
def test_a_program_fails_with_these_words(program: str, value: Any, words: str) -> None:
    with pytest.raises(JqError) as caught:
        results(program, value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "name", ["env", "input", "debug", "todate", "tostream", "halt", "abs", "getpath", "splits"]
)
def test_functions_that_kestra_lacks_do_not_exist(name: str) -> None:
    with pytest.raises(JqError, match=f"Function {name}/0 does not exist"):
        results(name, "x")


def test_a_function_that_does_not_exist_fails_when_it_is_called() -> None:
    assert results("if . then nosuch(1; 2) else 7 end", False) == [7]
    assert results("try nosuch catch .") == ["Function nosuch/0 does not exist"]


def test_a_program_may_define_a_function_that_kestra_lacks() -> None:
    assert results("def abs: 1; def repeat(f): f; abs, repeat(2)") == [1, 2]


@pytest.mark.parametrize(
    "program",
    ["", " # nothing", ".[", ". |", ". foo", '"\\q"', '"a', "1 as x | 2", ". as $x", "label $x",
     "{a:}", "{(1)}", 'import "a" as a; .', 'include "a"; .', "def f: 1;", "1) | (2", "1\0",
     "$__loc__", "$ENV.PATH", '"\\(1)\\($ENV)"', "_result_of_tiercel"],
)  # fmt: skip
def test_a_text_that_is_no_program_is_refused(program: str) -> None:
    with pytest.raises(JqError, match="Cannot compile query"):
        results(program)


def test_the_place_of_a_syntax_error_is_its_line_and_column() -> None:
    with pytest.raises(JqError, match="line 2, column 3"):
        results(".a |\n  )")


def test_break_is_not_caught_by_try() -> None:
    assert results("[first(.[] | tonumber?)]", ["1", "2"]) == [[1]]


def test_the_input_is_left_as_it_is() -> None:
    value = {"a": [1, {"b": 2}]}
    results(".a[1].b = 3 | del(.a[0]) | .a += [1]", value)
    assert value == {"a": [1, {"b": 2}]}


PIECES = st.sampled_from(
    [".", "..", ".a", "[", "]", "{", "}", "(", ")", "|", ",", "//", "and", "if", "then", "else",
     "end", "try", "reduce", "as", "$x", "def", "f", ":", ";", '"', "\\(", "1", "1e9", "-", "*",
     "?", "=", "|=", "range", "map", "@csv", "label", "break", "limit", " "]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=20).map("".join))
def test_any_text_is_a_program_or_refused_in_our_words(source: str) -> None:
    # Anything but these two classes would be a bug.
    with contextlib.suppress(JqError, LimitError):
        run(source, {"a": [1, "x"]}, seconds=0.5, most=10**4)
