"""Writes the reference of expressions: `python tests/docs/expression_reference.py [--check]`.

`docs/reference/expressions.md` is made from the tables of the language and their docstrings, every
example is run and its result printed; `expression-parity.md` beside it from the known differences.
With `--check` nothing is written, and the exit code tells whether the pages are up to date.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml

from tiercel.engine.expressions.functions import engine_functions
from tiercel.expression.build import FILTER_PRECEDENCE, OPERATORS, TEST_PRECEDENCE
from tiercel.expression.environment import Environment
from tiercel.expression.runtime import Limits
from tiercel.expression.table import Entry

__all__ = ["EXAMPLES", "OPERATORS", "environment", "main", "pages", "services"]

_ROOT = Path(__file__).parents[2]
_REFERENCE = _ROOT / "docs" / "reference"
_CONFORMANCE = _ROOT / "tests" / "conformance"
EXAMPLES: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("expression_examples.yaml").read_text(encoding="utf-8")
)
VARIABLES: dict[str, Any] = {
    "name": "Ann",
    "user": {"city": "Oslo"},
    "flow": {"id": "my-flow", "namespace": "company.team", "tenantId": "main"},
    "execution": {"id": "exec1"},
    "outputs": {"each": {"eu": {"value": "EU"}}},
    "taskrun": {"value": "eu"},
    "parents": [],
    "tasks": {"load": {"state": "FAILED"}},
}
"""What the examples read."""

_BY_PLUGINS = {"http": "tiercel-http"}
"""Functions that a plugin brings → its package."""

_OPENING = """# Expressions

A text in a flow may hold expressions between `{{` and `}}` and tags between `{%` and `%}`, in the
dialect of Pebble that Kestra speaks. Where Tiercel differs on purpose is listed in
[Parity with Kestra](expression-parity.md).

A property that holds a single expression keeps the type of its value; several parts, or text
around it, make a text. A variable, key or index that does not exist is an error, unless `??`,
`default` or `is defined` allows for it.

Everything below is written by `tests/docs/expression_reference.py` from the code; a test runs
every example. The examples read `name` (`Ann`), `user` (a map with `city`), and the files and keys
of a small namespace.
"""


_PARITY = """# Parity with Kestra

Tiercel is compared with 8,277 recorded expressions of Kestra 1.3. All of them give the same text,
value or error, but for the differences below, which are meant.
"""


def environment() -> Environment:
    """Return an environment with every function, the engine's included."""
    return Environment().with_functions(engine_functions())


def services() -> Any:
    """Return what the engine's functions find: fixtures of the golden expressions, and more."""
    sys.path.insert(0, str(_CONFORMANCE))
    from fixture_services import FixtureServices

    class Found(FixtureServices):
        def open(self, uri: str) -> BytesIO:
            words = self.namespace_file_uri("company.team", "words_en.properties")
            return BytesIO(b"hello = Hello {0}!") if uri == words else super().open(uri)

        def run_flow(self, namespace: str, flow_id: str, *_: Any, **__: Any) -> dict[str, Any]:
            return {"id": "2Kx", "state": "SUCCESS", "outputs": {"names": [flow_id]}, "labels": {}}

    return Found(_CONFORMANCE / "expressions" / "fixtures.json")


def pages() -> dict[Path, str]:
    """Return each page's file and text."""
    return {
        _REFERENCE / "expressions.md": _reference(),
        _REFERENCE / "expression-parity.md": _parity(),
    }


def _parity() -> str:
    text = (_CONFORMANCE / "known_differences.yaml").read_text(encoding="utf-8")
    inventory = json.loads((_CONFORMANCE / "expressions" / "inventory.json").read_text())
    tables = environment().tables
    absent = sorted(set(inventory["functions"]) - set(tables.functions) - _BY_PLUGINS.keys())
    elsewhere = [f"`{name}` comes with `{package}`." for name, package in _BY_PLUGINS.items()]
    lines = [_PARITY, "| Difference | What and why |", "| --- | --- |"]
    lines += [f"| {entry['name']} | {entry['reason']} |" for entry in yaml.safe_load(text)]
    missing = ", ".join(f"`{name}`" for name in absent)
    lines += ["", "## Functions", "", f"Missing: {missing or 'none'}. {' '.join(elsewhere)}"]
    lines += ["", "## Limits", "", "| Limit | Default |", "| --- | --- |"]
    lines += [f"| {field.name} | {field.default:,} |" for field in fields(Limits)]
    return "\n".join([*lines, ""])


def _reference() -> str:
    tables = environment().tables
    sections = [
        _OPENING,
        _operators(),
        _plain("Tags", "tags"),
        _entries("Filters", "filters", tables.filters, "value | {}"),
        _entries("Functions", "functions", tables.functions, "{}"),
        _entries("Tests", "tests", tables.tests, "value is {}"),
    ]
    return "\n".join(sections)


def _operators() -> str:
    precedence = {**OPERATORS, "|": FILTER_PRECEDENCE, "is": TEST_PRECEDENCE, "not": 500}
    lines = ["## Operators", "", "A higher precedence binds tighter.", ""]
    lines += ["| Operator | Precedence | Example | Result |", "| --- | --- | --- | --- |"]
    examples = _results("operators")
    for name, (template, result) in sorted(
        examples.items(),
        key=lambda item: -precedence.get(item[0], 1000 if item[0] in ". []" else 0),
    ):
        lines.append(
            f"| {_cell(name)} | {precedence.get(name, '')} | {_cell(template)} | {_cell(result)} |"
        )
    return "\n".join([*lines, ""])


def _plain(title: str, kind: str) -> str:
    lines = [f"## {title}", "", "| Tag | Example | Result |", "| --- | --- | --- |"]
    for name, (template, result) in _results(kind).items():
        lines.append(f"| {_cell(name)} | {_cell(template)} | {_cell(result)} |")
    return "\n".join([*lines, ""])


def _entries(title: str, kind: str, table: Mapping[str, Entry], call: str) -> str:
    examples = _results(kind)
    lines = [f"## {title}", ""]
    for name in sorted(table, key=str.lower):
        template, result = examples[name]
        description = inspect.cleandoc(table[name].call.__doc__ or "").split("\n\n")
        lines += [f"### {name}", "", f"`{call.format(_signature(table[name], kind))}`", ""]
        lines += [_paragraph(text) + "\n" for text in description if not _is_section(text)]
        lines += ["```text", template, f"=> {result}".rstrip("\n"), "```", ""]
    return "\n".join(lines)


def _signature(entry: Entry, kind: str) -> str:
    parts = [name if name in entry.required else f"{name}=…" for name in entry.parameters]
    if entry.open_ended:
        parts = ["…"]
    return f"{entry.name}({', '.join(parts)})" if parts or kind == "functions" else entry.name


def _paragraph(text: str) -> str:
    return " ".join(text.split())


def _is_section(text: str) -> bool:
    return text.startswith(("Args:", "Returns:", "Return:", "Raises:"))


def _results(kind: str) -> dict[str, tuple[str, str]]:
    """Return each example with what it renders to."""
    language, found = environment(), services()
    return {
        name: (template, language.render(template, _seen(name), found))
        for name, template in EXAMPLES[kind].items()
    }


def _seen(name: str) -> dict[str, Any]:
    """Return what an example reads; `subflow` is for where no task is running."""
    hidden = "taskrun" if name == "subflow" else ""
    return {key: value for key, value in VARIABLES.items() if key != hidden}


def _cell(text: str) -> str:
    return f"`` {text} ``".replace("|", "\\|").replace("\n", " ⏎ ") if text else ""


def main(arguments: Iterable[str] | None = None) -> int:
    """Write the page, or check it; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing, but fail when out of date"
    )
    check = parser.parse_args(arguments).check
    outdated = 0
    for file, text in pages().items():
        if check:
            outdated += not file.is_file() or file.read_text(encoding="utf-8") != text
        else:
            file.write_text(text, encoding="utf-8")
    return int(outdated > 0)


if __name__ == "__main__":
    sys.exit(main())
