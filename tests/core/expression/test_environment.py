"""The environment: rendering, typed evaluation, errors with their place, the cache."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tiercel.errors import EvaluationError, ExpressionSyntaxError, LimitError, UndefinedError
from tiercel.expression.environment import Environment
from tiercel.expression.runtime import EvaluationContext, Limits
from tiercel.expression.table import Table
from tiercel.expression.values import Long


def test_text_without_a_brace_is_returned_as_it_is(environment: Environment) -> None:
    text = "no } tag"
    assert environment.render(text, {}) is text
    assert environment.evaluate(text, {}) is text


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ l }}", [1, 2]),
        ("{{ 1 + 1 }}", Long(2)),
        ("{{ n }}", None),
        ("{# nothing #}", None),
        ("{{ l }}, {{ l }}", [1, 2]),
        ('{"a": {{ l }}}', {"a": [1, 2]}),
        ("x{{ l }}", "x[1,2]"),
        ("{{ s }}{{ l }}", "t[1,2]"),
        ("{{ s }} ", "t "),
        ("{% if false %}a{% endif %}", None),
    ],
)
def test_a_lone_expression_keeps_its_type(
    evaluate: Callable[..., Any], source: str, value: Any
) -> None:
    result = evaluate(source, l=[1, 2], n=None, s="t")
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("source", "line", "column", "caret"),
    [
        ("a {{ nope }}", 1, 6, "       ^"),
        ("x\n\n  {{ m.nope.deep }}", 3, 8, "         ^"),
        ("{{ s | upper | nope }}", 1, 16, "                 ^"),
        ("{% if s %}\n{{ 1 / 0 }}{% endif %}", 2, 6, "       ^"),
        ("{% for x in l %}\n{{ x }}\n{{ x.y }}{% endfor %}", 3, 6, "       ^"),
        ("{% macro f(a) %}\n{{ a.b.c }}{% endmacro %}{{ f(m) }}", 2, 6, "       ^"),
        ("{{ 'a' is odd }}", 1, 11, "            ^"),
    ],
)
def test_an_error_points_to_the_place(
    render: Callable[..., str], source: str, line: int, column: int, caret: str
) -> None:
    with pytest.raises((UndefinedError, EvaluationError)) as caught:
        render(source, m={"a": 1}, s="x", l=[1])
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).splitlines()[-1] == caret


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("{{ inputz }}", "did you mean 'inputs'"),
        ("{{ inputs.nmae }}", "did you mean 'name'"),
        ("{{ inputs.name | uper }}", "did you mean 'upper'"),
        ("{{ rander('x') }}", "did you mean 'render'"),
        ("{{ inputs.name is emty }}", "did you mean 'empty'"),
        ("{{ inputs.name.lenght() }}", "did you mean 'length'"),
    ],
)
def test_a_misspelt_name_gets_the_nearest_one(
    render: Callable[..., str], source: str, hint: str
) -> None:
    with pytest.raises((UndefinedError, EvaluationError), match=hint):
        render(source, inputs={"name": "x"})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ s | replace(pairs={}) }}", "has no argument 'pairs' .it takes: replace_pairs, regexp"),
        ("{{ s | abbreviate(1, 2) }}", "takes at most 1 arguments"),
        ("{{ s | indent }}", "needs the argument 'amount'"),
        ("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "The macro 'f' takes at most 1"),
        ("{% macro f() %}{% endmacro %}{% macro f() %}{% endmacro %}", "'f' is defined twice"),
    ],
)
def test_wrong_arguments_are_named(environment: Environment, source: str, reason: str) -> None:
    with pytest.raises(Exception, match=reason):
        environment.render(source, {"s": "x"})


def test_filters_without_parameters_ignore_arguments(render: Callable[..., str]) -> None:
    assert render("{{ s | upper(1, x=2) }}", s="a") == "A"


def test_rendering_again_and_again_stops_when_nothing_changes(environment: Environment) -> None:
    variables = {"a": "{{ b }}", "b": "{{ c }}", "c": "end"}
    assert environment.render_recursive("{{ a }}!", variables) == "end!"


def test_rendering_again_and_again_stops_when_it_never_ends(environment: Environment) -> None:
    with pytest.raises(LimitError, match="started over"):
        environment.render_recursive("{{ a }}", {"a": "{{ b }}", "b": "{{ a }}"})


def test_raw_text_survives_rendering_again(environment: Environment) -> None:
    variables = {"a": "{% raw %}{{ b }}{% endraw %}{{ c }}", "c": "x"}
    assert environment.render_recursive("{{ a }}", variables) == "{{ b }}x"


def test_objects_are_rendered_in_depth(environment: Environment) -> None:
    value = {"{{ k }}": ["{{ s }}", 1, {"x": "{{ n }}", "y": "plain"}], "gone": None}
    rendered = environment.render_object(value, {"k": "key", "s": "text", "n": None})
    assert rendered == {"key": ["text", 1, {"y": "plain"}]}


def test_the_oldest_program_leaves_a_full_cache(environment: Environment) -> None:
    small = Environment()
    small.CACHE_SIZE = 2  # type: ignore[misc]
    for name in "abc":
        small.render(f"{{{{ '{name}' }}}}", {})
    assert list(small._programs) == ["{{ 'b' }}", "{{ 'c' }}"]


def test_the_clock_and_the_services_reach_the_functions() -> None:
    table = Table("function", takes_input=False)

    @table.add("year", needs_context=True)
    def year(context: EvaluationContext) -> Any:
        return f"{context.now().year} {context.services}"

    moment = datetime(2024, 3, 5, tzinfo=UTC)
    environment = Environment(clock=lambda: moment).with_functions(table)
    assert environment.render("{{ year() }}", {}, services="svc") == "2024 svc"


def test_a_template_may_be_only_so_long() -> None:
    with pytest.raises(LimitError, match="longer than 10 characters"):
        Environment(limits=Limits(template=10)).render("{{ 'twelve' }}", {})


def test_threads_may_share_an_environment() -> None:
    small = Environment()
    small.CACHE_SIZE = 3  # type: ignore[misc]

    def work(number: int) -> str:
        return "".join(small.render(f"{{{{ {number} + {turn} }}}} ", {}) for turn in range(20))

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(16)))
    assert results == ["".join(f"{n + turn} " for turn in range(20)) for n in range(16)]


def test_an_error_names_its_template(environment: Environment) -> None:
    for call in (environment.render, environment.evaluate, environment.render_recursive):
        with pytest.raises(UndefinedError, match=r"^tasks\.api\.uri:1:4: The variable 'nope'"):
            call("{{ nope }}", {}, name="tasks.api.uri")


def test_a_mistake_inside_an_object_is_named_by_its_path(environment: Environment) -> None:
    with pytest.raises(UndefinedError, match=r"^task\.headers\[1\]\.x:1:4"):
        environment.render_object({"headers": ["a", {"x": "{{ nope }}"}]}, {}, name="task")


def test_a_mistake_in_the_syntax_is_named_too(environment: Environment) -> None:
    with pytest.raises(ExpressionSyntaxError, match=r"^task:1:6"):
        environment.evaluate("{{ a b }}", {}, name="task")
