"""The repository in memory keeps the contract of all repositories."""

from __future__ import annotations

import pytest

from tiercel.repository.memory import MemoryRepository
from tiercel.repository.spi import Repository, StoredEvent
from tiercel.testing import RepositoryContract


class TestMemoryRepository(RepositoryContract):
    @pytest.fixture
    def repository(self) -> MemoryRepository:
        return MemoryRepository()


def test_it_is_a_repository() -> None:
    assert isinstance(MemoryRepository(), Repository)


def test_two_repositories_do_not_see_each_other() -> None:
    one, other = MemoryRepository(), MemoryRepository()
    with one.transaction() as unit:
        unit.append_events([StoredEvent("e1", 1, "Happened", "{}")])
    assert list(other.events("e1")) == []
