"""The repository in SQLite keeps the contract of all repositories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tiercel.plugin.spi import Repository
from tiercel.testing import RepositoryContract
from tiercel_sql.repository import SqlRepository
from tiercel_sql.sqlite import open_repository


class TestSqliteRepository(RepositoryContract):
    @pytest.fixture
    def repository(self, tmp_path: Path) -> Iterator[SqlRepository]:
        repository = open_repository(f"sqlite:///{tmp_path}/tiercel.db")
        yield repository
        repository.close()


def test_it_is_a_repository(tmp_path: Path) -> None:
    repository = open_repository(f"sqlite:///{tmp_path}/tiercel.db")
    assert isinstance(repository, Repository)
    repository.close()
