"""What a template must never do: reach Python or Java, run for ever, or fill the memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tiercel.errors import EvaluationError, ExpressionError, LimitError, UndefinedError
from tiercel.expression.environment import Environment
from tiercel.expression.runtime import Limits


class Host:
    """An object of the host program that ended up among the variables."""

    secret = "hidden"

    def run(self) -> str:
        return "ran"


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ s.__class__.__mro__ }}",
    "{{ s['__cl' ~ 'ass__'] }}",
    "{{ [].__init__ }}",
    "{{ ({}).__getattribute__('x') }}",
    "{{ ({}).get.__globals__ }}",
    "{{ m.items() }}",
    "{{ m.keys }}",
    "{{ m.pop('a') }}",
    "{{ l.append(1) }}",
    "{{ l.__len__() }}",
    "{{ s.format('x') }}",
    "{{ s.format_map(m) }}",
    "{{ s.encode() }}",
    "{{ s.join(l) }}",
    "{{ s.getClass() }}",
    "{{ s.getClass().forName('java.lang.Runtime') }}",
    "{{ s.class }}",
    "{{ s.class.forName('java.lang.Runtime').getRuntime().exec('id') }}",
    "{{ m.getClass().getClassLoader() }}",
    "{{ (1).__class__ }}",
    "{{ host.secret }}",
    "{{ host['secret'] }}",
    "{{ host.run() }}",
    "{{ host }}",
    "{{ host ~ '' }}",
    "{{ [host] }}",
    "{{ host | upper }}",
    "{{ function.__globals__ }}",
    "{{ function() }}",
    "{{ __builtins__ }}",
    "{{ __import__('os') }}",
    "{{ c.environment }}",
    "{{ v }}",
    "{{ eval('1') }}",
    "{{ exec('1') }}",
    "{{ open('/etc/passwd') }}",
    "{{ t1 }}",
    "{{ Parts() }}",
    "{{ k1 }}",
    "{{ loop.__class__ }}",
    "{% for x in l %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in m %}{{ x.__class__ }}{% endfor %}",
    "{% for x in host %}{% endfor %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' %}",
    "{% from 'os' import system %}",
    "{% extends 'x' %}",
    "{% embed 'x' %}{% endembed %}",
    "{% set x.__class__ = 1 %}",
    "{{ render('{{ s.' ~ '__class' ~ '__ }}') }}",
    "{{ (('__cl' ~ 'ass__') | lower) | attr }}",
    "{{ s | map(attribute='__class__') }}",
    "{{ _context.environment }}",
    "{{ _self }}",
    "{{ '{0.__class__}' | format(s) | number }}",
    "{{ '%s' | format }}",
]


@pytest.mark.parametrize("escape", ESCAPES)
def test_an_escape_is_refused(environment: Environment, escape: str) -> None:
    variables = {"s": "text", "m": {"a": 1}, "l": [1], "host": Host(), "function": len}
    with pytest.raises(ExpressionError):
        environment.render(escape, variables)


def test_a_format_text_is_not_read_as_pythons(render: Callable[..., str]) -> None:
    assert render("{{ '{0.__class__}' | format(s) }}", s="x") == "{0.__class__}"


def test_names_of_the_generated_code_are_plain_names_to_a_template(
    render: Callable[..., str],
) -> None:
    source = "{% set v = 1 %}{% set c = 2 %}{% set o = 3 %}{{ v }}{{ c }}{{ o }}{{ out }}{{ t1 }}"
    assert render(source, out="a", t1="b") == "123ab"


def test_set_does_not_reach_the_callers_variables(environment: Environment) -> None:
    variables = {"a": 1}
    environment.render("{% set a = 2 %}{% set b = 3 %}", variables)
    assert variables == {"a": 1}


def test_lists_are_never_changed_in_place(environment: Environment) -> None:
    variables = {"l": [3, 1, 2]}
    environment.render("{{ l | sort }}{{ l | reverse }}{{ l | rsort }}{{ l + 4 }}", variables)
    assert variables == {"l": [3, 1, 2]}


def limited(**limits: Any) -> Environment:
    """An environment with tight limits."""
    return Environment(limits=Limits(**limits))


RUNAWAYS = {
    "loop": "{% for a in 1..1000 %}{% for b in 1..1000 %}{% endfor %}{% endfor %}",
    "range": "{{ 1..99999999999 }}",
    "range function": "{{ range(0, 99999999999) }}",
    "output": "{% for a in 1..1000 %}{{ s }}{% endfor %}",
    "doubled text": "{% for a in 1..60 %}{% set s = s ~ s %}{% endfor %}",
    "added text": "{% for a in 1..60 %}{% set s = s + s %}{% endfor %}",
    "replaced text": "{% for a in 1..60 %}{% set s = s | replace({'x': 'xxxxxxxx'}) %}{% endfor %}",
    "replaced by regex": (
        "{% for a in 1..60 %}{% set s = s | replace({'.': '$0$0'}, true) %}{% endfor %}"
    ),
    "indented text": "{{ s | indent(10000, s) }}{{ s | replace({'x': '\n'}) | indent(9999, s) }}",
    "doubled list": "{% for a in 1..60 %}{% set l = l + l %}{% endfor %}",
    "merged list": "{% for a in 1..60 %}{% set l = l | merge(l) %}{% endfor %}",
    "nested list": "{% for a in 1..60 %}{% set l = [l, l] %}{% endfor %}{{ l }}",
    "nested list as text": "{% for a in 1..60 %}{% set l = [l, l] %}{% endfor %}{{ '' ~ l }}",
    "nested list as JSON": "{% for a in 1..60 %}{% set l = [l, l] %}{% endfor %}{{ l | toJson }}",
    "nested list as YAML": "{% for a in 1..60 %}{% set l = [l, l] %}{% endfor %}{{ l | yaml }}",
    "nested list as ION": "{% for a in 1..60 %}{% set l = [l, l] %}{% endfor %}{{ l | toIon }}",
    "nested list in jq": "{% for a in 1..60 %}{% set l = [l, l] %}{% endfor %}{{ l | jq('.') }}",
    "nested list escaped": (
        "{% for a in 1..60 %}{% set l = [l, l] %}{% endfor %}{{ l | escapeChar('single') }}"
    ),
    "nested list compared": (
        "{% set k = l %}{% for a in 1..60 %}{% set l = [l, l] %}{% set k = [k, k] %}{% endfor %}"
        "{{ l == k }}"
    ),
    "joined list": "{% for a in 1..16 %}{% set l = l + l %}{% endfor %}{{ l | join(s) }}",
    "macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "macros": (
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}"
    ),
    "macro tree": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "block": "{% block b %}{{ block('b') }}{% endblock %}",
    "render": "{{ render(self) }}",
    "growing render": "{{ render(grow) }}",
    "regex": "{{ evil | replace({'(a+)+$': ''}, true) }}",
    "split regex": "{{ evil | split('(a|aa)+$') }}",
    "brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "lists": "{{ " + "[" * 95 + "]" * 95 + " }}",
    "signs": "{{ " + "-" * 5000 + "1 }}",
    "nots": "{{ " + "not " * 5000 + "true }}",
    "sums": "{{ 1" + " + 1" * 5000 + " }}",
    "filters": "{{ s" + " | upper" * 5000 + " }}",
    "choices": "{{ " + "true ? 1 : " * 3000 + "2 }}",
    "coalescing": "{{ " + "n ?? " * 3000 + "2 }}",
    "attributes of a call": "{{ range(1, 2)" + ".a" * 5000 + " }}",
    "ifs": "{% if true %}" * 200 + "{% endif %}" * 200,
    "fors": "{% for x in l %}" * 40 + "{% endfor %}" * 40,
    "elseifs": "{% if false %}" + "{% elseif false %}" * 6000 + "{% endif %}",
    "format width": "{{ '%999999999d' | format(1) }}",
    "template": "{{ 1 }}" * 700_000,
}
_MAY_SUCCEED = {"elseifs", "indented text", "regex", "split regex"}


@pytest.mark.parametrize("name", RUNAWAYS)
def test_a_runaway_template_is_stopped_in_time(name: str) -> None:
    environment = limited(seconds=2, output=100_000, loop_turns=10_000)
    variables = {
        "s": "x" * 1000,
        "l": [1, 2],
        "n": None,
        "self": "{{ render(self) }}",
        "grow": "{{ grow }}{{ grow }}x",
        "evil": "a" * 40 + "b",
    }
    started = time.monotonic()
    try:
        environment.render(RUNAWAYS[name], variables)
        assert name in _MAY_SUCCEED
    except LimitError:
        pass
    assert time.monotonic() - started < 10


def test_a_typed_value_that_takes_for_ever_to_walk_is_not_handed_out() -> None:
    source = "{% for a in 1..60 %}{% set l = [l, l] %}{% endfor %}{{ l }}"
    with pytest.raises(LimitError):
        Environment().evaluate(source, {"l": [1]})


def test_the_deadline_counts_for_nested_renderings_too() -> None:
    environment = limited(seconds=0.2, loop_turns=10**9)
    source = "{% for a in 1..1000000 %}{{ render('{{ a }}') }}{% endfor %}"
    with pytest.raises(LimitError, match=r"longer than 0\.2 s"):
        environment.render(source, {})


def test_a_limit_is_not_forgiven_by_coalescing() -> None:
    with pytest.raises(LimitError):
        limited(loop_turns=5).render("{{ (1..100) ?? 'x' }}", {})


def test_a_missing_variable_of_a_nested_template_is_not_forgiven(
    render: Callable[..., str],
) -> None:
    with pytest.raises(EvaluationError):
        render("{{ render('{{ nope }}') ?? 'x' }}")


def test_a_value_that_holds_itself_is_refused(environment: Environment) -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(LimitError):
        environment.render("{{ l }}", {"l": circle})


def test_a_failing_host_function_becomes_an_error_of_the_language(
    environment: Environment,
) -> None:
    from tiercel.expression.table import Table

    table = Table("function", takes_input=False)

    @table.add("broken")
    def broken() -> None:
        raise OSError("disk on fire")

    with pytest.raises(EvaluationError, match="disk on fire") as caught:
        environment.with_functions(table).render("a\n {{ broken() }}", {})
    assert (caught.value.line, caught.value.column) == (2, 5)


def test_an_escape_through_a_missing_name_offers_only_names_of_the_template(
    environment: Environment,
) -> None:
    with pytest.raises(UndefinedError, match="did you mean 'inputs'"):
        environment.render("{{ input }}", {"inputs": {}})
