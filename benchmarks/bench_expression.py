"""Expressions beside Jinja2 and minijinja, on equal templates in the same run.

Rendering is to take at most 0.5 of Jinja2's time and 2.0 of minijinja's (which is compiled Rust),
compiling at most 0.3 of Jinja2's; a template's cost is to grow with its length and no faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2
import minijinja
from expression.kinds import KINDS, Kind, body, strftime, variables
from measure import Row, beside, duration, medians

from tiercel.expression import parser
from tiercel.expression.compile import compile_template
from tiercel.expression.environment import Environment
from tiercel.expression.parser import parse

_TURNS = 15
_SLICE = 0.01
"""Seconds of renders that make one measurement."""


def main() -> list[Row]:
    """Return the rows of the table."""
    environment, jinja, mini = _environments()
    rows = [row for kind in KINDS for row in _rendering(kind, environment, jinja, mini)]
    return [*rows, *_compiling(environment, jinja), *_growth(environment), _loading()]


def _environments() -> tuple[Environment, jinja2.Environment, Any]:
    jinja = jinja2.Environment(undefined=jinja2.StrictUndefined)
    mini = minijinja.Environment()
    jinja.filters["date"] = strftime
    mini.add_filter("date", strftime)
    return Environment(), jinja, mini


def _repeated(work: Callable[[], object], times: int) -> Callable[[], object]:
    def repeat() -> None:
        for _ in range(times):
            work()

    return repeat


def _seconds(*works: Callable[[], object]) -> list[float]:
    """Return the median duration of one call of each work; they take turns."""
    counts = [max(1, int(_SLICE / max(once, 1e-7))) for once in medians(3, *works)]
    repeated = [_repeated(work, times) for work, times in zip(works, counts, strict=True)]
    taken = medians(_TURNS, *repeated)
    return [seconds / times for seconds, times in zip(taken, counts, strict=True)]


def _rendering(
    kind: Kind, environment: Environment, jinja: jinja2.Environment, mini: Any
) -> list[Row]:
    data = variables()
    template = jinja.from_string(kind.theirs)
    mini.add_template(kind.name, kind.theirs)
    works: list[Callable[[], object]] = [
        lambda: environment.render(kind.ours, data),
        lambda: template.render(data),
        lambda: mini.render_template(kind.name, **data),
    ]
    first, *others = (work() for work in works)
    if any(other != first for other in others):
        raise AssertionError(f"{kind.name}: the outputs differ")
    ours, theirs, rust = _seconds(*works)
    return [
        beside(f"render: {kind.name}", ours, theirs, "Jinja2"),
        beside(f"render: {kind.name}", ours, rust, "minijinja"),
    ]


def _compiling(environment: Environment, jinja: jinja2.Environment) -> list[Row]:
    source = body(10)
    ours, theirs = _seconds(
        lambda: compile_template(source, parse(source), environment.tables, environment.limits),
        lambda: jinja.from_string(source),
    )
    return [beside("compile: 2-KB JSON body", ours, theirs, "Jinja2")]


def _growth(environment: Environment) -> list[Row]:
    rows = []
    base: tuple[float, float] | None = None
    for items in (5, 50, 500):
        source, data = body(items), variables(items)
        compiling, rendering = _seconds(
            lambda source=source: compile_template(  # type: ignore[misc]
                source, parse(source), environment.tables, environment.limits
            ),
            lambda source=source, data=data: environment.render(source, data),  # type: ignore[misc]
        )
        each = (compiling / items / 2, rendering / items / 2)
        base = base or each
        for what, one, first in zip(("compile", "render"), each, base, strict=True):
            rows.append(
                Row(
                    f"{what}: each of {items * 2} expressions",
                    duration(one),
                    f"{duration(first)} of 10",
                    one / first,
                )
            )
    return rows


def _loading() -> Row:
    parse("{{ kept }}")

    def load() -> None:
        parser._parser.cache_clear()
        parser._parser()

    (seconds,) = medians(_TURNS, load)
    return beside("load the grammar's tables", seconds, 0.010, "at most")
