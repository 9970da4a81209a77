"""The examples of the docs, run as they stand."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel_duckdb.query import Queries, Query

EXAMPLES = [*Query.examples, *Queries.examples]


@pytest.mark.parametrize("code", [each.code for each in EXAMPLES], ids=[e.title for e in EXAMPLES])
def test_the_example_of_the_docs_runs(code: str) -> None:
    with Tiercel() as tiercel:
        assert tiercel.run(code).state == "SUCCESS"
