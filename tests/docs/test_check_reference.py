"""The reference of the checker is complete, true and up to date."""

from __future__ import annotations

import check_reference as reference
import pytest

from tiercel.check.findings import RULES


def test_every_kind_of_finding_has_an_example() -> None:
    assert list(reference.EXAMPLES) == list(RULES)


@pytest.mark.parametrize("code", RULES)
def test_an_example_shows_what_it_is_for_and_nothing_else(code: str) -> None:
    _, found = reference.findings(code)
    assert {each.code for each in found} == {code}
    assert all(each.severity is RULES[code].severity for each in found)


def test_the_page_is_what_the_checker_says() -> None:
    assert reference.main(["--check"]) == 0, "run python tests/docs/check_reference.py"
