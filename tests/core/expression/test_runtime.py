"""Contexts and limits at run time."""

from __future__ import annotations

import pytest

from tiercel.errors import LimitError
from tiercel.expression.environment import Environment
from tiercel.expression.runtime import (
    EvaluationContext,
    Limits,
    Parts,
    concatenate,
    count,
    join_parts,
    tick,
)


def context(**limits: float) -> EvaluationContext:
    """Return a context with some limits."""
    return EvaluationContext(Environment(limits=Limits(**limits)), {"a": 1})  # type: ignore[arg-type]


def test_a_context_knows_the_environments_settings() -> None:
    environment = Environment(zone="Europe/Paris", locale="fr_FR")
    here = EvaluationContext(environment, {})
    assert (here.zone, here.locale, here.limits) == ("Europe/Paris", "fr_FR", Limits())
    assert here.now().tzinfo is not None


def test_a_nested_rendering_sees_the_variables() -> None:
    assert context().render("{{ a + 1 }}") == "2"


def test_calls_may_be_nested_only_so_deep() -> None:
    here = context(recursion=2)
    here.enter()
    here.enter()
    with pytest.raises(LimitError, match="deeper than 2"):
        here.enter()


def test_what_a_nested_context_uses_up_counts_for_both() -> None:
    here = context(recursion=1)
    here.nested().enter()
    with pytest.raises(LimitError):
        here.enter()


def test_time_runs_out() -> None:
    here = context(seconds=-1)
    with pytest.raises(LimitError, match="took longer"):
        here.check_time()


def test_loops_turn_only_so_often() -> None:
    here, parts = context(loop_turns=2), Parts()
    tick(here, parts)
    tick(here, parts)
    with pytest.raises(LimitError, match="more than 2 times"):
        tick(here, parts)


def test_every_piece_of_output_counts_once() -> None:
    here, parts = context(output=10), Parts()
    parts += ["12345", None, "67890"]
    count(here, parts)
    count(here, parts)
    parts.append("x")
    with pytest.raises(LimitError, match="longer than 10"):
        count(here, parts)


def test_outputs_and_texts_are_only_so_long() -> None:
    here = context(output=3)
    assert join_parts(here, ("a", "bc")) == "abc"
    assert concatenate(here, "a", None, 1) == "a1"
    with pytest.raises(LimitError):
        join_parts(here, ("ab", "cd"))
    with pytest.raises(LimitError):
        concatenate(here, "ab", 12)
