"""The examples of the docs, run as they stand but for the address of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tiercel import Tiercel
from tiercel_jdbc import postgresql, postgresql_batch, postgresql_copy, sqlite

CSV = "brand,price\nApple,10\nPear,5\n"


def examples(*tasks: Any) -> list[Any]:
    """Return one parameter for each example."""
    return [
        pytest.param(e.code, id=f"{t.__module__}-{t.__name__}") for t in tasks for e in t.examples
    ]


@pytest.mark.parametrize("code", examples(sqlite.Query, sqlite.Queries))
def test_the_examples_of_sqlite_run(code: str) -> None:
    with Tiercel() as tiercel:
        assert tiercel.run(code).state == "SUCCESS"


@pytest.mark.parametrize(
    "code",
    examples(
        postgresql.Query,
        postgresql.Queries,
        postgresql_batch.Batch,
        postgresql_copy.CopyIn,
        postgresql_copy.CopyOut,
    ),
)
def test_the_examples_of_postgresql_run(database: Any, code: str, tmp_path: Path) -> None:
    database.connection.execute(b"CREATE TABLE prices (brand text, price numeric)")
    file = tmp_path / "prices.csv"
    file.write_text(CSV)
    environ = {"SECRET_SHOP_USERNAME": "cG9zdGdyZXM=", "SECRET_SHOP_PASSWORD": "eA=="}
    flow = code.replace("jdbc:postgresql://localhost:5432/shop", database.url)
    inputs = {"file": file} if "inputs:" in flow else {}
    with Tiercel(environ=environ) as tiercel:
        assert tiercel.run(flow, inputs=inputs).state == "SUCCESS"


@pytest.mark.parametrize("code", examples(sqlite.Trigger, postgresql.Trigger))
def test_the_examples_of_triggers_are_valid(code: str) -> None:
    with Tiercel() as tiercel:
        (trigger,) = tiercel.load_flow(code).triggers
    assert trigger.id == "watch"
