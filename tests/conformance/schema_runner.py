"""Compares the types that the plugins bring, and a flow's own properties, with Kestra's.

`run(folder)` yields one `CaseResult` a type of `folder/schema/plugins.jsonl`, and one for
`folder/schema/flow.json`. What is compared is what users get: the exported JSON Schema, and what
`tiercel plugins show` tells of outputs. Kinds that have no place in a flow's YAML (charts and their
data, storages, assets) are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from case import CaseResult
from schema_shape import differences, golden_members, our_members

from tiercel import Registry
from tiercel.errors import PluginError
from tiercel.schema.export import flow_schema
from tiercel.schema.types import describe

__all__ = ["run"]

_KINDS = {
    "task": "task",
    "trigger": "trigger",
    "condition": "condition",
    "taskrunner": "task runner",
}
"""What the golden data call a kind → what the registry calls it."""
_ABSTRACT = {
    "io.kestra.plugin.scripts.exec.AbstractExecScript": "io.kestra.plugin.scripts.shell.Commands",
}
"""A type that stands for what others inherit → one of those; what that one has besides is its."""


def run(folder: Path, only: str = "") -> Iterator[CaseResult]:
    """Yield the result of every type whose name ends in `only`, and of the flow itself."""
    types = [
        json.loads(line)
        for line in (folder / "schema/plugins.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for golden in types:
        if golden["kind"] in _KINDS and golden["type"].endswith(only):
            yield _result(golden["type"], list(_of_type(golden)))
    if "flow".endswith(only):
        golden = json.loads((folder / "schema/flow.json").read_text(encoding="utf-8"))
        yield _result("flow", list(_of_flow(golden)))


def _result(name: str, found: list[str]) -> CaseResult:
    known = [_known_class(f"{name} {each}") for each in found]
    excused = ", ".join(dict.fromkeys(known)) if all(known) else ""
    unexcused = [each for each, reason in zip(found, known, strict=True) if not reason]
    return CaseResult(
        area="schema",
        id=name,
        ok=not found,
        expected="as Kestra's schema has it",
        actual=unexcused or found,
        known=excused,
        subject=name,
    )


def _of_flow(golden: dict[str, Any]) -> Iterator[str]:
    schema = _schema()
    flow = schema["definitions"][schema["$ref"].rpartition("/")[2]]
    return differences(
        golden_members(golden["properties"], golden["definitions"]),
        our_members(flow, schema["definitions"]),
    )


def _of_type(golden: dict[str, Any]) -> Iterator[str]:
    kind, definitions = _KINDS[golden["kind"]], _schema()["definitions"]
    name = _ABSTRACT.get(golden["type"], golden["type"])
    entry = _registry().registered(kind).get(name)
    if entry is None or entry.name != name:
        yield "no such type"
        return
    try:
        ours = describe(entry, _registry().load(kind, entry.name))
    except PluginError as error:
        yield str(error)
        return
    wanted = golden_members(golden["properties"], golden.get("definitions", {}))
    found = our_members(definitions[entry.name], definitions)
    if name != golden["type"]:
        found = {key: member for key, member in found.items() if key in wanted}
    yield from differences(wanted, found)
    outputs = ours["outputs"] or {}
    wanted = golden_members(golden["outputs"], golden.get("output_definitions", {}))
    for each in differences(wanted, our_members(outputs, outputs.get("$defs", {}))):
        # Kestra's schema does not tell which outputs are always there.
        if not re.search(r": required None, not True$", each):
            yield f"output {each}"
    if bool(ours["deprecated"]) != golden["deprecated"]:
        yield f"deprecated: {golden['deprecated']}, not {bool(ours['deprecated'])}"
    for alias in set(golden["aliases"]) ^ set(ours["aliases"]):
        yield f"alias {alias}: {'missing' if alias in golden['aliases'] else 'extra'}"


def _known_class(difference: str) -> str:
    """Return the name of the class that excuses a difference, or an empty text."""
    for entry in _classes():
        if any(re.fullmatch(pattern, difference) for pattern in entry["differences"]):
            return str(entry["name"])
    return ""


@cache
def _classes() -> list[dict[str, Any]]:
    path = Path(__file__).with_name("known_schema_differences.yaml")
    classes: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return classes


@cache
def _registry() -> Registry:
    return Registry()


@cache
def _schema() -> dict[str, Any]:
    return flow_schema(_registry())
