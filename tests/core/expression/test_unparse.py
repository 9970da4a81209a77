"""Trees written back as templates."""

from __future__ import annotations

import pytest

from tiercel.expression.nodes import Literal, Output, Template
from tiercel.expression.parser import parse
from tiercel.expression.unparse import unparse


@pytest.mark.parametrize(
    "source",
    [
        "text { and } {% verbatim %}{{{% endverbatim %} tags",
        "{{ a.b['c'][0].d(1, 2) }}",
        "{{ f(x=1, y=g()) | h(1, k=[2]) }}",
        "{{ -(-1) }}{{ not (not a) }}",
        "{{ 'it\\'s' }}{{ \"it's\" }}{{ 1.0 }}{{ 0.0000001 }}",
        "{{ \"a #{b | c} #{'d'}\" }}",
        '{{ "# \\\' \\#{s}" }}',
        "{{ {'a': 1, (b ? c : d): [e]} }}",
        "{{ (a ? b : c) ? d : e }}",
        "{{ a is not empty }}{{ a is divisible(2) }}",
        "{% if a %}1{% elseif b %}2{% else %}3{% endif %}",
        "{% for a in b %}{{ a }}{% else %}none{% endfor %}",
        "{% macro m(a, b='c') %}{{ a }}{% endmacro %}{{ m(1) }}",
        "{% block 'b' %}x{% endblock %}{% filter upper | f(1) %}y{% endfilter %}{% set a = 1 %}",
    ],
)
def test_a_template_survives_the_way_there_and_back(source: str) -> None:
    tree = parse(source)
    assert parse(unparse(tree)) == tree


def test_a_text_that_no_literal_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="no literal"):
        unparse(Template((Output(Literal("ends with \\")),)))


def test_a_text_that_a_dash_left_nothing_of_is_written_again() -> None:
    template = parse("  {{- i }}")
    assert parse(unparse(template)) == template
    assert len(template.body) == 2
