"""Storage in memory keeps the contract of all storages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tiercel.storage.memory import MemoryStorage
from tiercel.storage.spi import StorageBackend
from tiercel.testing import StorageContract


class TestMemoryStorage(StorageContract):
    @pytest.fixture
    def backend(self) -> MemoryStorage:
        return MemoryStorage()


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


def test_it_is_a_storage_backend() -> None:
    assert isinstance(MemoryStorage(), StorageBackend)


def test_files_are_dated_by_the_given_clock() -> None:
    storage = MemoryStorage(StoppedClock())
    storage.put("main/file", b"")
    assert storage.stat("main/file").modified == datetime(2026, 1, 2, tzinfo=UTC)


def test_two_storages_do_not_see_each_other() -> None:
    one, other = MemoryStorage(), MemoryStorage()
    one.put("main/file", b"")
    assert list(other.list()) == []
