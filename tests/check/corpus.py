"""Every flow of this repository: of the examples, the docs, the plugins, and the golden ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import yaml

from tiercel.plugin.registry import Registry
from tiercel.schema.types import TYPE_KINDS

__all__ = ["Golden", "Sample", "examples_of", "golden", "samples"]

ROOT = Path(__file__).parents[2]
_GOLDEN = ROOT / "tests/conformance/flows"
_BLOCK = re.compile(r"^(?P<mark>```+)yaml(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=mark)$", re.M | re.S)
_OF_MISTAKES = ("docs/reference/check.md", "docs/howto/check-flows.md")
"""Pages whose flows are wrong on purpose."""


@dataclass(frozen=True)
class Sample:
    """A flow that somebody is meant to copy."""

    name: str
    text: str


@dataclass(frozen=True)
class Golden:
    """A golden case: its flows, and what Kestra made of them."""

    name: str
    area: str
    flows: tuple[str, ...]
    expect: dict[str, Any] = field(repr=False)

    def went_wrong(self, flow_id: str) -> bool | None:
        """Return whether an execution of one of its flows did not simply succeed.

        None when there was none, as far as the case tells.
        """
        named = self.expect.get("executions")
        executions = list(named.values()) if named else [self.expect]
        own = [each for each in executions if each.get("flow") == flow_id]
        refused = "error" in self.expect or any(
            isinstance(step, dict) and "error" in step for step in self.expect.get("steps", ())
        )
        if refused or any(each.get("state") != "SUCCESS" for each in own):
            return True
        return False if own else None


@cache
def samples() -> tuple[Sample, ...]:
    """Return the flows of examples, docs and plugins that load."""
    found = [
        Sample(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "examples").rglob("*.yaml"))
    ]
    pages = (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md"))
    # What the pages of types show are the types' own examples.
    for page in sorted(each for each in pages if "reference/plugins" not in each.as_posix()):
        found += _of_page(page)
    for kind in TYPE_KINDS:
        found += (sample for _, listed in examples_of(kind) for sample in listed)
    return tuple(each for each in found if _is_flow(each.text))


def _is_flow(text: str) -> bool:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return isinstance(data, dict) and {"id", "namespace", "tasks"} <= data.keys()


def _of_page(page: Path) -> Iterator[Sample]:
    name = page.relative_to(ROOT).as_posix()
    text = page.read_text(encoding="utf-8")
    for number, match in enumerate(_BLOCK.finditer(text)):
        # A block with a title belongs to the commands after it, which may show a mistake.
        if name not in _OF_MISTAKES and "title=" not in match["info"]:
            yield Sample(f"{name} #{number}", match["text"])


def examples_of(kind: str) -> Iterator[tuple[type[Any], list[Sample]]]:
    """Yield each type of a kind with its examples; what is no flow is put into one."""
    registry = Registry()
    for entry in registry.canonical(kind):
        cls = registry.load(kind, entry.name)
        texts = [
            dedent(each.code) if each.full else _wrapped(dedent(each.code), kind)
            for each in getattr(cls, "examples", ())
        ]
        yield cls, [Sample(f"{entry.name} #{number}", text) for number, text in enumerate(texts)]


def _wrapped(text: str, kind: str) -> str:
    head = "id: wrapped\nnamespace: company.team\ntasks:\n"
    if kind == "trigger":
        head += "  - {id: log, type: io.kestra.plugin.core.log.Log, message: x}\ntriggers:\n"
    return f"{head}  - {indent(text, '    ').lstrip()}"


@cache
def golden() -> tuple[Golden, ...]:
    """Return the golden cases."""
    found = []
    for path in sorted(_GOLDEN.glob("*/*.yaml")):
        case = yaml.safe_load(path.read_text(encoding="utf-8"))
        name = path.relative_to(_GOLDEN).with_suffix("").as_posix()
        flows = tuple(case.get("flows") or ())
        found.append(Golden(name, path.parent.name, flows, case.get("expect") or {}))
    return tuple(found)
