"""Flows checked with the plugins of this environment, and what was found shown short."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import indent

import pytest

from tiercel.check.checker import Checker, Document, Report
from tiercel.check.interfaces import Interfaces
from tiercel.parts import language
from tiercel.plugin.registry import Registry

Check = Callable[..., list[str]]
Open = Callable[..., Document]


@pytest.fixture(scope="session")
def checker() -> Checker:
    """A checker with the installed plugins."""
    registry = Registry()
    return Checker(registry, language(registry).tables)


@pytest.fixture
def report(checker: Checker) -> Callable[..., Report]:
    """Check a flow; others that are given are known to it."""

    def check(text: str, *others: str) -> Report:
        texts = [(each, f"other{index}.yaml") for index, each in enumerate(others)]
        return checker.check(text, "flow.yaml", Interfaces.of_texts([(text, "flow.yaml"), *texts]))

    return check


@pytest.fixture
def found(report: Callable[..., Report]) -> Check:
    """Check a flow; return each finding as its code and text, `TC103 bdy`, warnings with `~`."""

    def check(text: str, *others: str) -> list[str]:
        lines = text.splitlines()
        said = []
        for each in report(text, *others).findings:
            line = lines[each.line - 1]
            last = each.end_column - 1 if each.end_line == each.line else len(line)
            mark = "" if each.is_error else "~"
            said.append(f"{mark}{each.code} {line[each.column - 1 : last]}")
        return said

    return check


@pytest.fixture
def opened(checker: Checker) -> Open:
    """Open a flow's text for questions."""

    def open_text(text: str, *others: str) -> Document:
        texts = [(each, f"other{index}.yaml") for index, each in enumerate(others)]
        return checker.open(text, "flow.yaml", Interfaces.of_texts(texts))

    return open_text


def _flow(tasks: str, **more: str) -> str:
    lists = [f"{name}:\n{indent(text.strip(chr(10)), '  ')}" for name, text in more.items()]
    head = ["id: probe", "namespace: company.team", *lists]
    return "\n".join([*head, f"tasks:\n{indent(tasks.strip(chr(10)), '  ')}", ""])


@pytest.fixture
def flow() -> Callable[..., str]:
    """Make a flow's text of its tasks, and of more lists by name."""
    return _flow


@pytest.fixture
def wrong(found: Check) -> Check:
    """Check one expression in a Return task of a flow with inputs, variables, an earlier task."""

    def check(expression: str) -> list[str]:
        template = expression if expression.startswith(("{%", "{#")) else f"{{{{ {expression} }}}}"
        block = indent(template, "    ")
        tasks = f"""
- {{id: api, type: io.kestra.plugin.core.http.Request, uri: "http://x.test"}}
- {{id: quiet, type: io.kestra.plugin.core.log.Log, message: x}}
- id: probe
  type: io.kestra.plugin.core.debug.Return
  format: |
{block}
"""
        return found(_flow(tasks, inputs=_INPUTS, variables=_VARIABLES))

    return check


_INPUTS = """
- {id: name, type: STRING}
- {id: count, type: INT}
- {id: flag, type: BOOL}
- {id: names, type: ARRAY, itemType: STRING}
- {id: data, type: JSON}
- {id: day, type: DATE}
- {id: choices, type: MULTISELECT, values: [a, b]}
- {id: maybe, type: STRING, required: false}
- {id: db.host, type: STRING}
- id: form
  type: FORM
  inputs: [{id: size, type: INT}]
"""
_VARIABLES = """
greeting: hello
limits: {rows: 5, names: [a, b]}
dynamic: "{{ inputs.name }}"
"""
