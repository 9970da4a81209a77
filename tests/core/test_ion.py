"""ION text: what Kestra writes is written and read here, the rest by `amazon.ion`."""

from __future__ import annotations

import importlib
import io
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel import _ion
from tiercel._ion import IonTextError, dump_lines, dumps, load_lines, loads


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "d-e": None, "true": True, "$1": "x"}, "{a:1,'d-e':null,'true':true,'$1':\"x\"}"),
        ([2.5, 4.0, 1e7, 1e-4, 0.0, 5e-324], "[2.5e0,4e0,1.0e7,1.0e-4,0e0,4.9e-324]"),
        ([2.0**-24, -1.5e300], "[5.960464477539063e-8,-1.5e300]"),
        ([float("inf"), float("-inf")], "[+inf,-inf]"),
        (Decimal("12.50"), "12.50"),
        ([Decimal(5), Decimal("1E+3"), Decimal("1E-7"), Decimal("-0.05")], "[5.,1d3,1d-7,-0.05]"),
        ('it\'s "q" \\ \n\t\x01é😀', '"it\'s \\"q\\" \\\\ \\n\\t\\x01é😀"'),
        (b"abc", "{{YWJj}}"),
        (date(2024, 3, 5), "2024-03-05"),
        (datetime(2024, 3, 5, 7, 8, 9, tzinfo=UTC), "2024-03-05T07:08:09.000Z"),
        (datetime(2024, 3, 5, 7, 8, 9, 123456, UTC), "2024-03-05T07:08:09.123456Z"),
        (datetime(2024, 3, 5, 7, 8), 'LocalDateTime::"2024-03-05T07:08:00"'),
        (time(7, 8), 'LocalTime::"07:08:00"'),
        (timedelta(minutes=90), "5400.000000000"),
        ((), "[]"),
    ],
)
def test_a_value_is_written_in_kestras_shape(value: Any, text: str) -> None:
    assert dumps(value) == text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("{a:1}{a:2}", [{"a": 1}, {"a": 2}]),
        (" {a : 1 , 'b c' : [ ] , } // end", [{"a": 1, "b c": []}]),
        ("/* x */ null null.int sym 'quoted sym' nan", None),
        ("2.5e0 12.50 1d3 -7 5.", [2.5, Decimal("12.50"), Decimal("1E+3"), -7, Decimal(5)]),
        ('"a\\x41\\u00e9\\U0001F600\\n\\/"', ["aAé😀\n/"]),
        ("2024T 2024-03T 2024-03-05", [date(2024, 1, 1), date(2024, 3, 1), date(2024, 3, 5)]),
        ("2024-03-05T07:08Z", [datetime(2024, 3, 5, 7, 8, tzinfo=UTC)]),
        ("2024-03-05T07:08:09.5-00:00", [datetime(2024, 3, 5, 7, 8, 9, 500000, UTC)]),
        ("{{ YW Jj }}", [b"abc"]),
    ],
)
def test_a_text_is_read(text: str, values: Any) -> None:
    read = list(loads(text))
    if values is None:
        assert read[:4] == [None, None, "sym", "quoted sym"]
    else:
        assert read == values


def test_an_offset_is_kept() -> None:
    (value,) = loads("2024-03-05T07:08:09+05:30")
    assert value.utcoffset() == timedelta(hours=5, minutes=30)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("(a b)", [["a", "b"]]),
        ("'''long ''' '''text'''", ["long text"]),
        ("0x1F 1_000", [31, 1000]),
        ("unknown::{a:1}", [{"a": 1}]),
        ("1 {a:{{'''clob'''}}}", [1, {"a": b"clob"}]),
    ],
)
def test_the_rest_of_ion_is_read_by_the_library(text: str, values: list[Any]) -> None:
    assert list(loads(text)) == values


def test_binary_ion_is_read_by_the_library() -> None:
    simpleion = pytest.importorskip("amazon.ion.simpleion")
    data = simpleion.dumps({"a": [1, True, None]}, binary=True)
    assert list(load_lines(io.BytesIO(data))) == [{"a": [1, True, None]}]


def test_without_the_library_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(IonTextError, match=r"pip install 'tiercel-core\[ion\]'"):
        list(loads("(a b)"))


@pytest.mark.parametrize("text", ["{bad", "[1,2", '"open', "{a:1,,}", "}", "{a 1}", "2024-13-01"])
def test_broken_ion_is_refused(text: str) -> None:
    with pytest.raises(IonTextError, match="Invalid ION"):
        list(loads(text))


@pytest.mark.parametrize("value", [object(), {"a": {1: object}}, Decimal("NaN")])
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(IonTextError, match="ION"):
        dumps(value)


def test_nesting_without_end_is_an_error_of_ours() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(IonTextError, match="too deep"):
        dumps(value)
    with pytest.raises(IonTextError):
        list(loads("[" * 100_000))


def test_rows_are_written_one_a_line() -> None:
    stream = io.StringIO()
    rows = [{"a": "x", "b-c": 'say "y"'}, {"a": "x", "b-c": "100%"}, {"a": 1}, [2], "three"]
    assert dump_lines(rows, stream) == 5
    assert stream.getvalue().splitlines() == [
        '{a:"x",\'b-c\':"say \\"y\\""}',
        '{a:"x",\'b-c\':"100%"}',
        "{a:1}",
        "[2]",
        '"three"',
    ]


def test_lines_are_read_without_reading_ahead() -> None:
    stream = io.StringIO('{a:1,b:"x"}\n{a:2,b:"y"}\n\n{a:3.5,c:null} {a:4}\n')
    lines = load_lines(stream)
    assert next(lines) == {"a": 1, "b": "x"}
    assert stream.tell() < 20
    assert list(lines) == [{"a": 2, "b": "y"}, {"a": Decimal("3.5"), "c": None}, {"a": 4}]


def test_lines_with_timestamps_are_read_alike() -> None:
    moments = [datetime(2024, 3, 5, hour, tzinfo=UTC) for hour in range(3)]
    stream = io.StringIO()
    dump_lines([{"at": moment, "day": moment.date()} for moment in moments], stream)
    stream.seek(0)
    assert [row["at"] for row in load_lines(stream)] == moments


def test_a_value_may_go_on_in_the_next_line() -> None:
    stream = io.BytesIO(b"{a:1}\n{\n  a: 2,\n  b: [1,\n 2]\n}\n{a:3}")
    assert list(load_lines(stream)) == [{"a": 1}, {"a": 2, "b": [1, 2]}, {"a": 3}]


def test_a_special_class_is_written_by_its_own_rule() -> None:
    rule = {complex: "point::[1,2]"}
    assert dumps([1j], lambda value: rule.get(type(value))) == "[point::[1,2]]"


TEXT = st.text(st.characters(codec="utf-8"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | TEXT
    | st.binary()
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-3, minutes=30))))
    | st.times()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=15
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert list(loads(dumps(value))) == [value]


@given(st.lists(st.dictionaries(st.sampled_from(["id", "a b", "%s"]), SCALARS)))
def test_rows_are_read_back(rows: list[dict[str, Any]]) -> None:
    stream = io.StringIO()
    dump_lines(rows, stream)
    stream.seek(0)
    assert list(load_lines(stream)) == rows


@given(st.text("{}[]()\"':,\\ \n1a.-/*T"))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        list(loads(text))
    except IonTextError:
        return


@given(VALUES)
def test_the_library_reads_what_is_written_here(value: Any) -> None:
    simpleion = pytest.importorskip("amazon.ion.simpleion")
    assert len(simpleion.loads(f"{dumps(value)} ", single_value=False)) == 1


def test_the_door_has_these_names() -> None:
    assert _ion.__all__ == ["IonTextError", "dump_lines", "dumps", "load_lines", "loads", "quoted"]
