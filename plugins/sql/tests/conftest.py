"""A repository in a file of its own, and executions to put in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tiercel.plugin.spi import Execution, History, State
from tiercel_sql.repository import SqlRepository
from tiercel_sql.sqlite import open_repository

MakeExecution = Callable[..., Execution]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/tiercel.db"


@pytest.fixture
def repository(url: str) -> Iterator[SqlRepository]:
    repository = open_repository(url)
    yield repository
    repository.close()


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def make_execution(now: datetime) -> MakeExecution:
    def make(execution_id: str = "e1", **fields: Any) -> Execution:
        given = {
            "namespace": "company.team",
            "flow_id": "flow",
            "flow_revision": 1,
            "history": History.begin(State.CREATED, now),
            **fields,
        }
        return Execution(id=execution_id, **given)

    return make
