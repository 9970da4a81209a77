"""Properties that hold for every template, tried with generated ones."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from reference import Reference
from trees import VARIABLES, expressions, soups, templates

from tiercel.errors import EvaluationError, ExpressionError, LimitError, UndefinedError
from tiercel.expression.environment import Environment
from tiercel.expression.nodes import Output, Template
from tiercel.expression.parser import parse
from tiercel.expression.runtime import Limits
from tiercel.expression.unparse import unparse

ENVIRONMENT = Environment(limits=Limits(seconds=5, loop_turns=2000, output=200_000))
# The same examples each time; the slow test looks for new ones.
_FAST = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def outcome(call: Any) -> Any:
    """Return a result, or the class of the language's error."""
    try:
        return call()
    except (UndefinedError, EvaluationError) as error:
        return UndefinedError if isinstance(error, UndefinedError) else EvaluationError
    except TypeError:
        return EvaluationError  # the reference has no checks of its own, e.g. for a key's type


def written(template: Template) -> str:
    """Return the text of a tree, if its literals can be written."""
    try:
        return unparse(template)
    except ValueError:
        assume(False)
        raise


@_FAST
@given(templates)
def test_a_printed_tree_parses_to_the_same_tree(template: Template) -> None:
    assert parse(written(template)) == template


@_FAST
@given(templates)
def test_the_compiled_template_does_what_walking_the_tree_does(template: Template) -> None:
    source = written(template)
    assume("{" in source)
    try:
        compiled = outcome(lambda: ENVIRONMENT.render(source, VARIABLES))
    except LimitError:
        assume(False)
    assert compiled == outcome(lambda: Reference(VARIABLES).render(template))


@_FAST
@given(expressions)
def test_a_typed_value_prints_as_the_rendered_template(expression: Any) -> None:
    source = written(Template((Output(expression),)))
    typed = outcome(lambda: ENVIRONMENT.evaluate(source, VARIABLES))
    rendered = outcome(lambda: ENVIRONMENT.render(source, VARIABLES))
    assert isinstance(rendered, type) == isinstance(typed, type)


@_FAST
@given(soups)
def test_any_text_renders_or_fails_with_an_error_of_the_language(source: str) -> None:
    for call in (ENVIRONMENT.render, ENVIRONMENT.evaluate, ENVIRONMENT.render_recursive):
        with suppress(ExpressionError):
            call(source, VARIABLES)


@_FAST
@given(soups)
def test_a_parsed_text_can_be_printed_and_parsed_again(source: str) -> None:
    try:
        tree = parse(source)
    except ExpressionError:
        return
    assert parse(unparse(tree)) == tree


@pytest.mark.slow
@pytest.mark.timeout(0)
@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(templates)
def test_compiled_and_walked_agree_over_many_templates(template: Template) -> None:
    test_the_compiled_template_does_what_walking_the_tree_does.hypothesis.inner_test(template)  # type: ignore[attr-defined]
