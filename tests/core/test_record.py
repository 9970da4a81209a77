"""Records: frozen dataclasses that are cheap to make."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, field, fields
from dataclasses import replace as library_replace

import pytest

from tiercel._record import record, replace


@record
class Point:
    """Two required fields and two with defaults."""

    x: int
    y: int
    label: str = ""
    tags: dict[str, int] = field(default_factory=dict)


@record(kw_only=True)
class Placed:
    """A base whose field says nothing about equality."""

    at: int = field(default=0, compare=False, repr=False)


@record
class Word(Placed):
    """A record on a record."""

    text: str


@record
class Empty:
    """A record without fields."""


def test_a_record_is_made_by_position_and_by_keyword() -> None:
    point = Point(1, y=2)
    assert (point.x, point.y, point.label, point.tags) == (1, 2, "", {})
    assert Word("a", at=3).at == 3


def test_each_record_gets_a_default_of_its_own() -> None:
    assert Point(1, 2).tags is not Point(1, 2).tags


@pytest.mark.parametrize("arguments", [(), (1,), (1, 2, "", {}, 5)])
def test_a_record_refuses_too_few_or_too_many_values(arguments: tuple[object, ...]) -> None:
    with pytest.raises(TypeError, match=r"Point.__init__"):
        Point(*arguments)  # type: ignore[arg-type]


def test_records_are_equal_by_their_values_and_class() -> None:
    assert Point(1, 2) == Point(1, 2) != Point(1, 3)
    assert Word("a") != "a"
    assert Empty() == Empty() != Word("a")


def test_a_field_that_is_not_compared_plays_no_part_in_equality_hash_and_text() -> None:
    assert Word("a", at=1) == Word("a", at=2)
    assert hash(Word("a", at=1)) == hash(Word("a", at=2))
    assert repr(Word("a", at=1)) == "Word(text='a')"


def test_a_record_cannot_be_changed() -> None:
    point = Point(1, 2)
    with pytest.raises(FrozenInstanceError, match="'x'"):
        point.x = 5  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="'other'"):
        point.other = 5  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError, match="'y'"):
        del point.y
    assert point == Point(1, 2)


def test_a_record_has_no_dictionary() -> None:
    assert not hasattr(Word("a"), "__dict__")


def test_the_standard_library_takes_a_record_for_a_dataclass() -> None:
    point = Point(1, 2, tags={"a": 1})
    assert library_replace(point, y=5) == Point(1, 5, tags={"a": 1})
    assert asdict(point) == {"x": 1, "y": 2, "label": "", "tags": {"a": 1}}
    assert [each.name for each in fields(Word)] == ["at", "text"]
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_replace_changes_what_it_is_given_and_nothing_else() -> None:
    point = Point(1, 2, "a", {"b": 3})
    for _ in range(2):
        assert replace(point, y=5, label="") == Point(1, 5, "", {"b": 3})
    assert point == Point(1, 2, "a", {"b": 3})
    assert (replace(Word("a", at=4), text="b").at, replace(Word("a"), at=5).at) == (4, 5)
    assert replace(Empty()) == Empty()


def test_replace_refuses_a_field_that_there_is_not() -> None:
    with pytest.raises(TypeError, match="'z'"):
        replace(Point(1, 2), z=3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
)
def test_a_record_can_be_copied_and_pickled(copied: object) -> None:
    word = copied(Word("a", at=4))  # type: ignore[operator]
    assert (word, word.at) == (Word("a"), 4)
