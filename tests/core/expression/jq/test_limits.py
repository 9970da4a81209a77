"""Programs that would run for ever, or make too much, are stopped; nothing outside is seen."""

from __future__ import annotations

import contextlib
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import LimitError
from tiercel.expression.jq import JqError, compile_program


@pytest.mark.parametrize(
    "program",
    [
        "[range(1e9)] | length",
        "last(range(1e12))",
        "until(false; .)",
        "reduce range(60) as $i ([]; [., .]) | tojson",
        "reduce range(60) as $i ([]; [., .]) as $x | $x == $x",
        '"\\(range(1e7))"',
        '"x" * 30000 | test("(x+x+)+y")',
    ],
)
def test_a_program_is_stopped_at_its_deadline(program: str) -> None:
    with pytest.raises(LimitError, match=r"longer than|too long"):
        compile_program(program).run(None, seconds=0.2)


@pytest.mark.parametrize(
    "program",
    ['"x" * 1e9', 'reduce range(99) as $i ("x"; . + .)', "reduce range(99) as $i ([1]; . + .)"],
)
def test_a_value_cannot_grow_without_end(program: str) -> None:
    with pytest.raises(LimitError, match="more than 16777216 items"):
        compile_program(program).run(None, seconds=20)


def test_a_program_has_a_number_of_steps() -> None:
    with pytest.raises(LimitError, match="too many steps"):
        compile_program("range(1e9) | empty").run(None, seconds=20, steps=10_000)


@pytest.mark.parametrize("program", ["def f: f; f", "def f: 1 + f; f", "[" * 500 + "]" * 500])
def test_recursion_without_end_is_an_error_of_ours(program: str) -> None:
    with pytest.raises(LimitError, match="nested too deep"):
        compile_program(program).run(None, seconds=5)


def test_an_index_cannot_make_a_huge_array() -> None:
    with pytest.raises(JqError, match="too large"):
        compile_program(".[999999999] = 1").run(None, seconds=5)


def test_no_program_catches_a_limit() -> None:
    with pytest.raises(LimitError):
        compile_program("try last(range(1e12)) catch 1").run(None, seconds=0.1)


@pytest.mark.parametrize("program", ["env", "$ENV", "env.PATH", "input", "inputs", "$__loc__"])
def test_the_environment_is_out_of_reach(program: str) -> None:
    with pytest.raises(JqError, match=r"does not exist|is not defined"):
        compile_program(program).run(None, seconds=1)


def test_other_threads_go_on_while_a_program_runs() -> None:
    done = threading.Event()
    turns = 0

    def count() -> None:
        nonlocal turns
        while not done.wait(0.005):
            turns += 1

    thread = threading.Thread(target=count)
    thread.start()
    with pytest.raises(LimitError):
        compile_program("last(range(1e12))").run(None, seconds=0.5)
    done.set()
    thread.join()
    assert turns >= 10


PIECES = st.sampled_from(
    [".", "..", ".a", "[", "]", "{", "}", "(", ")", "|", ",", "//", "and", "if", "then", "else",
     "end", "try", "reduce", "as", "$x", "def", "f", ":", ";", '"', "\\(", "1", "1e9", "-", "*",
     "?", "=", "|=", "range", "map", "@csv", "label", "break", "limit", " "]
)  # fmt: skip


@given(st.lists(PIECES, max_size=20).map("".join))
def test_any_text_is_a_program_or_refused_in_our_words(source: str) -> None:
    # Anything but these two classes would be a bug.
    with contextlib.suppress(JqError, LimitError):
        compile_program(source).run({"a": [1, "x"]}, seconds=0.5, steps=5_000)
