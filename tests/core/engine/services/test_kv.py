from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tiercel.engine.services.kv import NamespaceKv, find
from tiercel.errors import ConflictError, NotFoundError
from tiercel.repository.memory import MemoryRepository
from tiercel.testing import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def repository() -> MemoryRepository:
    return MemoryRepository()


@pytest.fixture
def kv(repository: MemoryRepository, clock: FakeClock) -> NamespaceKv:
    return NamespaceKv(repository, clock, "company.team")


VALUES = [
    *("text", "", 1, 2.5, True, None),
    [1, "a"],
    {"a": {"b": None}},
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    date(2026, 1, 2),
    timedelta(hours=1, milliseconds=5),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_as_it_was(value: Any, kv: NamespaceKv) -> None:
    kv.set("key", value)
    found = kv.get("key")
    assert (found, type(found)) == (value, type(value))


def test_a_value_expires(kv: NamespaceKv, clock: FakeClock) -> None:
    kv.set("key", 1, ttl=timedelta(minutes=1))
    clock.move(timedelta(seconds=59))
    assert kv.get("key") == 1
    clock.move(timedelta(seconds=1))
    assert list(kv.keys()) == []
    with pytest.raises(NotFoundError):
        kv.get("key")


def test_a_value_is_replaced_unless_it_must_not_be(kv: NamespaceKv) -> None:
    kv.set("key", 1)
    kv.set("key", "two")
    assert kv.get("key") == "two"
    with pytest.raises(ConflictError):
        kv.set("key", 3, overwrite=False)
    assert kv.get("key") == "two"


def test_deleting_tells_whether_it_was_there(kv: NamespaceKv) -> None:
    kv.set("key", 1)
    assert (kv.delete("key"), kv.delete("key")) == (True, False)


def test_keys_are_sorted_and_can_be_narrowed(kv: NamespaceKv) -> None:
    for key in ("b", "a.2", "a.1"):
        kv.set(key, 1)
    assert list(kv.keys()) == ["a.1", "a.2", "b"]
    assert list(kv.keys("a.")) == ["a.1", "a.2"]


def test_namespaces_do_not_see_each_other(
    kv: NamespaceKv, repository: MemoryRepository, clock: FakeClock
) -> None:
    kv.set("key", 1)
    with pytest.raises(NotFoundError):
        NamespaceKv(repository, clock, "company").get("key")


def test_a_key_is_found_in_the_nearest_parent(
    repository: MemoryRepository, clock: FakeClock
) -> None:
    NamespaceKv(repository, clock, "company").set("key", "far")
    assert find(repository, clock, "company.team.sub", "key") == "far"
    NamespaceKv(repository, clock, "company.team").set("key", "near")
    assert find(repository, clock, "company.team.sub", "key") == "near"


def test_a_key_that_no_parent_has_is_told(repository: MemoryRepository, clock: FakeClock) -> None:
    with pytest.raises(NotFoundError, match=r"'key' does not exist in the namespace 'a\.b'"):
        find(repository, clock, "a.b", "key")
