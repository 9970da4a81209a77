from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.plugin import LineSplitter

CHUNKS = st.lists(st.text("ab\r\né").map(str.encode), max_size=8)


def lines_of(chunks: list[bytes], longest: int = 1000) -> list[str]:
    splitter = LineSplitter(longest)
    return [line for chunk in chunks for line in splitter.feed(chunk)] + list(splitter.end())


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        (b"", []),
        (b"a\nb\n", ["a", "b"]),
        (b"a\n\nb", ["a", "", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"10%\r20%\r100%\n", ["10%", "20%", "100%"]),
        (b"\xff\xfe\n", ["\ufffd\ufffd"]),
    ],
)
def test_lines_end_where_java_ends_them(output: bytes, lines: list[str]) -> None:
    assert lines_of([output]) == lines


@given(CHUNKS)
def test_lines_do_not_depend_on_how_the_output_was_cut(chunks: list[bytes]) -> None:
    assert lines_of(chunks) == lines_of([b"".join(chunks)])


def test_the_rest_of_an_endless_line_is_dropped_and_counted() -> None:
    lines = lines_of([b"abc", b"defgh", b"ij\nnext\n"], longest=4)
    assert lines == ["abcd… (6 more bytes in this line)", "next"]
