"""Tags: conditions, loops, scopes, macros, blocks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tiercel.errors import EvaluationError, UndefinedError


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{% if l is empty %}a{% elseif i == 7 %}b{% else %}c{% endif %}", "b"),
        (
            "{% for x in l %}{{ loop.index }}{{ x }}{{ loop.last ? '.' : ',' }}{% endfor %}",
            "0a,1b.",
        ),
        ("{% for x in [] %}a{% else %}none{% endfor %}", "none"),
        ("{% for x in null %}a{% else %}none{% endfor %}", ""),
        ("{% for e in m %}{{ e.key }}={{ e.value }};{% endfor %}", "k=1;z=2;"),
        ("{% set x = 1 %}{% for x in l %}{{ x }}{% endfor %}{{ x }}", "ab1"),
        ("{% set t = 0 %}{% for x in 1..4 %}{% set t = t + x %}{% endfor %}{{ t }}", "10"),
        (
            "{% for x in l %}{% for y in l %}{{ loop.index }}{% endfor %}"
            "{{ loop.index }}{% endfor %}",
            "010011",
        ),
        ("{% filter upper | trim %} {{ i }}a {% endfilter %}", "7A"),
        ("{% block a %}{{ i }}{% endblock %}{{ block('a') }}", "77"),
        ("{{ block('none') }}", ""),
        (
            "{{ f(2) }}"
            "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}",
            "21",
        ),
        (
            "{% macro f(a, b='d') %}{{ a }}-{{ b }}{% endmacro %}{{ f(b='z', a='y') }} {{ f() }}",
            "y-z -d",
        ),
        ("{% macro f(a) %}{{ a }}{% endmacro %}{{ f([1, 2]) }} {{ [1, 2] }}", "[1, 2] [1,2]"),
        ("{% for x in l %}{{ render('{{ x }}') }}{% endfor %}", "ab"),
        ("{% set a = 1 %}{{ render('{{ a }}') }}", "1"),
    ],
)
def test_tags_do_what_pebbles_do(render: Callable[..., str], source: str, result: str) -> None:
    assert render(source, l=["a", "b"], m={"k": 1, "z": 2}, i=7) == result


@pytest.mark.parametrize(
    "source",
    [
        "{% for x in l %}{% set last = x %}{% endfor %}{{ last }}",
        "{% for x in l %}{% endfor %}{{ x }}",
        "{% for x in l %}{% endfor %}{{ loop }}",
        "{% macro f() %}{{ i }}{% endmacro %}{{ f() }}",
        "{% if missing %}{% endif %}",
    ],
)
def test_scopes_end_where_pebbles_end(render: Callable[..., str], source: str) -> None:
    with pytest.raises(UndefinedError):
        render(source, l=["a"], i=7)


@pytest.mark.parametrize(
    "source", ["{% for x in s %}{% endfor %}", "{% if l %}{% endif %}", "{% if null %}{% endif %}"]
)
def test_conditions_and_loops_are_choosy(render: Callable[..., str], source: str) -> None:
    with pytest.raises(EvaluationError):
        render(source, s="text", l=[1])


def test_a_long_row_of_outputs_is_written_in_order(render: Callable[..., str]) -> None:
    source = "".join(f"{{{{ {number} }}}}," for number in range(200))
    assert render(source) == "".join(f"{number}," for number in range(200))


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{{ missing ?? 'd' }}{{ m.a.b ?? 'e' }}{{ (missing | upper) ?? 'f' }}", "def"),
        ("[{{ n ?? 'd' }}][{{ n ??? 'd' }}]", "[d][]"),
        ("{{ missing | default('d') }}{{ '' | default('e') }}", "de"),
        ("{{ missing is defined }}{{ n is defined }}{{ m is defined }}", "falsefalsetrue"),
        ("{{ n ? 1 : 2 }}{{ true ? 1 : missing }}", "21"),
        ("{{ false and missing }}{{ true or missing }}", "falsetrue"),
        ("{{ \"a #{n ?? 'x'} #{[1]}\" }}", "a x [1]"),
    ],
)
def test_what_is_missing_can_be_forgiven(
    render: Callable[..., str], source: str, result: str
) -> None:
    assert render(source, m={}, n=None) == result


@pytest.mark.parametrize("source", ["{{ (1 / 0) ?? 'x' }}", "{{ nofunction() ?? 'x' }}"])
def test_other_errors_are_not_forgiven(render: Callable[..., str], source: str) -> None:
    with pytest.raises(EvaluationError):
        render(source)
