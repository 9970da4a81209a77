"""Static questions: what a template uses, and where."""

from __future__ import annotations

import pytest

from tiercel.errors import ExpressionSyntaxError
from tiercel.expression.meta import references


def names(uses: object) -> list[str]:
    """Return the names of uses, in order."""
    return [use.name for use in uses]  # type: ignore[attr-defined]


def test_variables_filters_functions_and_tests_are_told_apart() -> None:
    found = references("{{ a | upper }}{{ now() }}{% if b is empty %}{{ c }}{% endif %}")
    assert names(found.variables) == ["a", "b", "c"]
    assert names(found.filters) == ["upper"]
    assert names(found.functions) == ["now"]
    assert names(found.tests) == ["empty"]


def test_every_use_tells_its_place() -> None:
    use = references("line one\n  {{ name }}").variables[0]
    assert (use.start, use.end, use.line, use.column) == (14, 18, 2, 6)


def test_names_that_the_template_binds_itself_are_not_expected_from_outside() -> None:
    source = (
        "{% set a = x %}{{ a }}{% for b in y %}{{ b }}{{ loop.index }}{% endfor %}{{ b }}"
        "{% macro m(c, d=z) %}{{ c }}{{ d }}{{ e }}{% endmacro %}{{ m(1) }}"
    )
    found = references(source)
    assert names(found.variables) == ["x", "y", "b", "z", "e"]
    assert names(found.functions) == []


def test_paths_are_read_as_far_as_they_are_constant() -> None:
    found = references("{{ outputs['my-task'].vars.n }}{{ outputs[x].y }}{{ m.a[0].b }}")
    assert [use.path for use in found.paths] == [
        ("outputs", "my-task", "vars", "n"),
        ("outputs",),
        ("x",),
        ("m", "a"),
    ]


def test_outputs_are_the_paths_that_begin_with_outputs() -> None:
    found = references("{{ inputs.a ~ outputs.t.uri }}")
    assert [use.path for use in found.outputs()] == [("outputs", "t", "uri")]


@pytest.mark.parametrize(
    "source",
    ["{{ a.b ?? 1 }}", "{{ a.b is defined }}", "{{ a.b | default(1) }}", "{{ a.b ??? 1 }}"],
)
def test_a_forgiven_path_is_optional(source: str) -> None:
    assert [use.optional for use in references(source).paths] == [True]


def test_a_path_inside_arguments_of_a_forgiving_filter_is_not() -> None:
    found = references("{{ a | default(b) }}{{ c }}")
    assert [(use.path[0], use.optional) for use in found.paths] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]


def test_filter_tags_count_as_filters() -> None:
    assert names(references("{% filter upper | trim %}{{ a }}{% endfilter %}").filters) == [
        "upper",
        "trim",
    ]


def test_text_without_tags_uses_nothing() -> None:
    assert references("plain").variables == ()


def test_a_mistake_is_an_error_here_too() -> None:
    with pytest.raises(ExpressionSyntaxError):
        references("{{ a")
