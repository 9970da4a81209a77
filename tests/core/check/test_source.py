from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tiercel.check.source import Source, Span, offsets

TEXT = """\
# a comment
id: probe
plain: one two
single: 'it''s {{ x }}'
double: "tab\\t{{ \\"x\\" }}"
literal: |
  first
    {{ x }}
folded: >-
  one
  two {{ x }}

  three
list:
  - {a: 1, b: "{{ y }}"}
"""


def shown(path: tuple[str | int, ...], part: str, text: str = TEXT) -> str:
    """Return what the text has where a part of a value is said to be."""
    source = Source(text)
    value = yaml.safe_load(text.removeprefix("\ufeff"))
    for key in path:
        value = value[key]
    at = value.index(part)
    span = source.span(path, at, at + len(part))
    return text[span.start : span.end]


@pytest.mark.parametrize(
    ("path", "part", "written"),
    [
        (("plain",), "two", "two"),
        (("single",), "{{ x }}", "{{ x }}"),
        (("single",), "it's", "it''s"),
        (("double",), '{{ "x" }}', '{{ \\"x\\" }}'),
        (("literal",), "{{ x }}", "{{ x }}"),
        (("folded",), "{{ x }}", "{{ x }}"),
        (("folded",), "three", "three"),
        (("list", 0, "b"), "y", "y"),
    ],
)
def test_a_part_of_a_value_is_found_however_it_is_written(path, part, written) -> None:
    assert shown(path, part) == written


def test_a_byte_order_mark_moves_everything_by_one() -> None:
    assert shown(("plain",), "two", "\ufeff" + TEXT) == "two"


def test_keys_and_values_have_places() -> None:
    source = Source("a: {b: [x, y]}\n")
    assert source.key(("a", "b")) == Span(4, 5)
    assert source.value(("a", "b", 1)) == Span(11, 12)
    assert source.value(("a", "b")) == Span(7, 13)


def test_what_has_no_place_has_that_of_what_is_around() -> None:
    source = Source("a: {b: 1}\n")
    assert source.value(("a", "nothing", "below")) == source.value(("a",))


def test_lines_and_columns_are_one_based() -> None:
    source = Source("a: 1\nb: 2\n")
    assert source.line_column(5) == (2, 1)
    assert source.offset(2, 4) == 8
    assert source.line(2) == "b: 2"


def test_the_scalar_at_an_offset_is_found_with_the_place_in_its_value() -> None:
    text = "a: 'it''s'\n"
    assert Source(text).scalar_at(text.index("s'")) == (("a",), False, 3)
    assert Source(text).scalar_at(0) == (("a",), True, 0)
    assert Source("- 1\n").scalar_at(1) is None


def test_what_comes_before_a_fault_has_its_places() -> None:
    source = Source("a: 1\nb: [1, 2\nc: }\n")
    assert source.value(("a",)) == Span(3, 4)


def test_tags_and_anchors_before_a_value_are_no_part_of_it() -> None:
    text = "a: !!str &here text\n"
    assert shown(("a",), "text", text) == "text"


@settings(max_examples=400, deadline=None)
@given(
    st.text(alphabet="ab{} '\"\\\n:é#-|>\t", max_size=60),
    st.sampled_from(["", "'", '"', "|", ">"]),
    st.integers(10, 80),
)
def test_every_character_is_found_in_every_style(value: str, style: str, width: int) -> None:
    text = yaml.dump({"k": value}, default_style=style or None, width=width, allow_unicode=True)
    scalar = Source(text).scalar(("k",))
    assert scalar is not None
    found = offsets(text, scalar)
    assert len(found) == len(value) + 1
    assert found == sorted(found)
    for character, at in zip(value, found, strict=False):
        if character not in "\n \t":
            assert text[at] in (character, "\\")
