"""Simple programs do without the library, and give what it gives."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiercel.expression.jq import JqError, _run_library, run
from tiercel.expression.jq.paths import NotSimple, compile_simple

STEPS = st.sampled_from(
    [".", ".a", ".b", ".if", ".a.b", ".[0]", ".[-1]", ".a[0]", '.["a"]', '.["a b"].a', ".[]",
     ".a[]", ".[].a", ".[][0]", "length", "keys"]
)  # fmt: skip
PROGRAMS = st.lists(STEPS, min_size=1, max_size=3).map(" | ".join)
KEYS = st.sampled_from(["a", "b", "a b", "if", "é", "😀"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


@pytest.mark.parametrize(
    ("program", "value", "expected"),
    [
        (".", 1.0, [1.0]),
        (" .a.b ", {"a": {"b": 1}}, [1]),
        (".a[0]", {"a": [7]}, [7]),
        (".a[-3]", {"a": [7]}, [None]),
        ('.["a b"]', {"a b": 1}, [1]),
        (".[].a", [{"a": 1}, {}, None], [1, None, None]),
        (".a[] | length", {"a": ["é", [1], None]}, [1, 1, 0]),
        ("keys | .[0]", {"b": 1, "a": 2}, ["a"]),
    ],
)
def test_a_simple_program_gives_these_results(program: str, value: Any, expected: Any) -> None:
    simple = compile_simple(program)
    assert simple is not None
    assert repr(simple.run(value)) == repr(expected)


@pytest.mark.parametrize(
    "program",
    ["", "..", ".a?", ".a b", "a", ".[1:]", ".a,.b", ".a.[0]", ".[0.5]", '.["a\\n"]', "keys.a"],
)
def test_other_programs_are_left_to_the_library(program: str) -> None:
    assert compile_simple(program) is None


@pytest.mark.parametrize(
    ("program", "value"), [(".a", 1), (".[0]", {}), (".[]", "x"), ("length", True), ("keys", 1)]
)
def test_what_fails_is_left_to_the_library(program: str, value: Any) -> None:
    simple = compile_simple(program)
    assert simple is not None
    with pytest.raises(NotSimple):
        simple.run(value)


def outcome(function: Any, *arguments: Any, **keywords: Any) -> str:
    """Results with their types and the order of members, or the error."""
    try:
        return json.dumps(function(*arguments, **keywords))
    except JqError as error:
        return f"error: {error}"


@settings(deadline=None, max_examples=200)
@given(PROGRAMS, VALUES)
def test_with_and_without_the_library_the_same_comes_out(program: str, value: Any) -> None:
    ours = outcome(run, program, value, seconds=9, most=10**6)
    assert ours == outcome(_run_library, program, value, 9, 10**6)


def test_a_simple_program_starts_no_process() -> None:
    source = (
        "import sys; from tiercel.expression.environment import Environment;"
        "print(Environment().render(\"{{ v | jq('.products') | first }}\", {'v': {'products': 3}}),"
        "'subprocess' in sys.modules, 'tiercel.expression.jq.pool' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["3", "False", "False"]
