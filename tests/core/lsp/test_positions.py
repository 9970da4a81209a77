from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position

from tiercel.check.source import Span
from tiercel.lsp.positions import Positions

TEXT = "a: é🙂b\r\nc: d\n"


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 9), ("utf-16", 6), ("utf-32", 5)])
def test_characters_are_counted_in_the_agreed_unit(encoding: str, character: int) -> None:
    positions = Positions(TEXT, encoding)
    at = TEXT.index("b")
    assert positions.position(at) == Position(0, character)
    assert positions.offset(Position(0, character)) == at


def test_a_position_beyond_a_line_is_its_end() -> None:
    positions = Positions(TEXT)
    assert positions.offset(Position(1, 99)) == TEXT.index("\n", 10)
    assert positions.offset(Position(99, 0)) == len(TEXT)


def test_a_range_goes_from_line_to_line() -> None:
    found = Positions(TEXT).range(Span(3, TEXT.index("d")))
    assert (found.start, found.end) == (Position(0, 3), Position(1, 3))


def test_only_line_ends_of_the_protocol_end_a_line() -> None:
    assert Positions("a\u2028b\x0bc\rd").position(6) == Position(1, 0)


@given(st.text(alphabet="aé🙂\n\r", max_size=30), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_every_offset_comes_back(text: str, encoding: str) -> None:
    positions = Positions(text, encoding)
    for offset in range(len(text) + 1):
        inside_line_end = text[offset - 1 : offset + 1] == "\r\n"
        if not inside_line_end:
            assert positions.offset(positions.position(offset)) == offset
