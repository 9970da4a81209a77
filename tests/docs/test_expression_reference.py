"""The reference of expressions is complete, true and up to date."""

from __future__ import annotations

import expression_reference as reference
import pytest


@pytest.mark.parametrize("kind", ["filters", "functions", "tests"])
def test_everything_that_a_template_can_call_has_an_example(kind: str) -> None:
    table = getattr(reference.environment().tables, kind)
    assert set(reference.EXAMPLES[kind]) == set(table)


def test_every_operator_has_an_example() -> None:
    assert set(reference.OPERATORS) <= set(reference.EXAMPLES["operators"])


def test_the_pages_are_what_the_code_says() -> None:
    assert reference.main(["--check"]) == 0, "run python tests/docs/expression_reference.py"
