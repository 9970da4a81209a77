"""Writes the reference of the checker: `python tests/docs/check_reference.py [--check]`.

`docs/reference/check.md` has every kind of finding with a flow that has it, and what the checker
says of that flow. With `--check` nothing is written, and the exit code tells whether the page is up
to date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tiercel.check.checker import Checker
from tiercel.check.findings import RULES, Finding, Rule
from tiercel.check.interfaces import Interfaces
from tiercel.parts import language
from tiercel.plugin.registry import Registry

__all__ = ["EXAMPLES", "findings", "main"]

_PAGE = Path(__file__).parents[2] / "docs/reference/check.md"
EXAMPLES: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("check_examples.yaml").read_text(encoding="utf-8")
)
_HEAD = "id: example\nnamespace: company.team\n"
_TASK = "tasks:\n  - {id: hello, type: io.kestra.plugin.core.log.Log, message: Hello}\n"
_GROUPS = {
    "TC0": "The flow's structure",
    "TC1": "Names in expressions",
    "TC2": "What is there when an expression is evaluated",
    "TC3": "Types",
    "TC4": "Other flows",
    "TC5": "Secrets",
}
_OPENING = """# What `tiercel check` finds

[How to check flows](../howto/check-flows.md) tells how the command is used. Each finding has a
code, a name, and a place down to the character. An **error** fails the flow, or every execution
that gets there; a **warning** is hardly meant, or fails some executions. What `??`, `default` and
`is defined` forgive is a warning at most.

The checker knows what a type gives from the type's class, and what filters and functions take and
give from tables that a test compares with the language itself. What it does not know it takes for
anything: a value of any type is never wrong.

Everything below is written by `tests/docs/check_reference.py`: each flow is checked, and what is
said of it is printed. The flows stand below `id: example` and `namespace: company.team`.

| Code | Name | | Meaning |
| --- | --- | --- | --- |
"""
_AUTHORS = """
## For authors of types

What a class declares anyway is what the checker reads: properties, `Output` models, docstrings.
Some declarations are for checks and editors alone:

- `task_order`, on a flowable task: how its tasks run (`sequence`, `parallel`, `choice`, `values`,
  `rounds`); without it, nothing is said about which of them ran before another.
- `extra_variables`, on a task or trigger: variables that only its own expressions see, each with a
  line about it.
- `logged`, on a task: properties whose values it writes to the log.
- `Mirrors("values")`, on a field of an `Output`: it has what the author wrote in the property
  `values`.
"""


def main(arguments: Iterable[str] | None = None) -> int:
    """Write the page, or check it; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(None if arguments is None else list(arguments))
    text = "".join(_page())
    if options.check:
        return int(not _PAGE.is_file() or _PAGE.read_text(encoding="utf-8") != text)
    _PAGE.write_text(text, encoding="utf-8")
    return 0


def findings(code: str) -> tuple[str, tuple[Finding, ...]]:
    """Return the text of a code's example, and what is found in it."""
    example = EXAMPLES[code]
    text = _HEAD + example["flow"]
    if "tasks:" not in example["flow"]:
        text += _TASK
    registry = Registry()
    checker = Checker(registry, language(registry).tables)
    others = ((other, "") for other in example.get("others", ()))
    return text, checker.check(text, "", Interfaces.of_texts(others)).findings


def _page() -> Iterator[str]:
    yield _OPENING
    for rule in RULES.values():
        link = f"[{rule.code}](#{rule.code.lower()}-{rule.name})"
        yield f"| {link} | {rule.name} | {rule.severity} | {rule.summary} |\n"
    for prefix, title in _GROUPS.items():
        yield f"\n## {title}\n"
        for rule in RULES.values():
            if rule.code.startswith(prefix):
                yield from _section(rule)
    yield _AUTHORS


def _section(rule: Rule) -> Iterator[str]:
    example = EXAMPLES[rule.code]
    yield f"\n### {rule.code} {rule.name}\n\n{rule.summary}. {example.get('text', '')}".rstrip()
    yield f"\n\n```text\n{example['flow'].rstrip()}\n```\n"
    for other in example.get("others", ()):
        yield f"\nKnown is also:\n\n```text\n{other.rstrip()}\n```\n"
    text, found = findings(rule.code)
    yield "\n```text\n"
    yield "".join(_shown(text, each) for each in found)
    yield "```\n"


def _shown(text: str, finding: Finding) -> str:
    """Return a finding as the command shows it, without its file."""
    line = text.splitlines()[finding.line - 1]
    indent = len(line) - len(line.lstrip())
    width = max(finding.end_column - finding.column, 1)
    if finding.end_line != finding.line:
        width = len(line) + 1 - finding.column
    said = str(finding).partition(": ")[2]
    mark = " " * (finding.column - 1 - indent) + "^" * width
    return f"{said}\n    {line.strip()}\n    {mark}\n"


if __name__ == "__main__":
    sys.exit(main())
