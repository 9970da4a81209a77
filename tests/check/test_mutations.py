"""Mistakes put into flows that are right are found, each kind of them in 95 cases of 100."""

from __future__ import annotations

from collections import Counter

import pytest
from corpus import golden, samples
from mutants import KINDS

from tiercel.check.checker import Checker

LEAST = 0.95
SURE = [(each.name, each.text) for each in samples()]
GOLDEN = [
    (case.name, text)
    for case in golden()
    if case.expect.get("valid") and case.expect.get("state") == "SUCCESS"
    for text in case.flows
]


def told(text: str, checker: Checker) -> Counter[tuple[str, str]]:
    return Counter((each.code, each.message) for each in checker.check(text).findings)


def missed(sources: list[tuple[str, str]], kind: str, checker: Checker) -> tuple[int, list[str]]:
    """Return how many mutants there are of a kind, and those of which nothing is told."""
    made, unseen = 0, []
    for name, text in sources:
        before = told(text, checker)
        for what, changed in KINDS[kind](text):
            made += 1
            if not told(changed, checker) - before:
                unseen.append(f"{name}: {what}")
    return made, unseen


@pytest.mark.parametrize("kind", KINDS)
def test_mistakes_in_samples_are_found(kind: str, checker: Checker) -> None:
    made, unseen = missed(SURE, kind, checker)
    assert made >= 5
    assert len(unseen) <= made * (1 - LEAST), "\n".join(unseen)


# Golden flows give types to `pluginDefaults` that nothing has: a mistake there changes nothing.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if "type of a task" not in kind])
def test_mistakes_in_golden_flows_are_found(kind: str, checker: Checker) -> None:
    made, unseen = missed(GOLDEN, kind, checker)
    assert made >= 10
    assert len(unseen) <= made * (1 - LEAST), "\n".join(unseen)
