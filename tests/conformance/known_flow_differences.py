"""Decides whether a golden flow that comes out differently does so on purpose.

The classes are those that `flows/README.md` allows, decided by rules so that unseen cases are
judged alike, and a few named cases in `known_differences.yaml` under `flows`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["known_flow_class"]

_OPEN = {"CREATED", "SUBMITTED", "RUNNING", "RETRYING"}
_UNTIL = ("flow.LoopUntil", "flow.WaitFor")
_EARLIER = re.compile(r"task run not expected: |task run missing: id=\S+ iteration=\d+$")
_LOOPS = ("ForEach", "EachSequential", "EachParallel")


def known_flow_class(name: str, case: dict[str, Any], found: list[str]) -> str:
    """Return the class that excuses a case's differences, or an empty text."""
    for known, rule in _RULES.items():
        if rule(case):
            return known
    if _only_earlier_rounds(case, found):
        return "loop-rounds-kept"
    return _named().get(name, "")


def _quirk(case: dict[str, Any]) -> bool:
    """Tell whether the golden data themselves call the result accidental."""
    return bool(case.get("quirk"))


def _left_open(case: dict[str, Any]) -> bool:
    """Tell whether Kestra's execution ended while task runs were still open; ours never do."""
    expect = case["expect"]
    ended = [expect, *expect.get("executions", {}).values()]
    return any(
        each.get("state") not in (None, "PAUSED", "RUNNING")
        and any(task["state"] in _OPEN for task in each.get("tasks", ()) if _is_text(task))
        for each in ended
    )


def _is_text(task: dict[str, Any]) -> bool:
    return isinstance(task.get("state"), str)


def _equal_values(case: dict[str, Any]) -> bool:
    """Tell whether a loop has equal values: Kestra merges them, ours are kept apart."""
    return any(
        isinstance(values, list) and len({str(each) for each in values}) < len(values)
        for source in case["flows"]
        for values in _loop_values(yaml.safe_load(source))
    )


def _only_earlier_rounds(case: dict[str, Any], found: list[str]) -> bool:
    """Tell whether only runs of earlier rounds of a LoopUntil are there too; Kestra drops them."""
    if not any(name in source for source in case["flows"] for name in _UNTIL):
        return False
    return all(_EARLIER.search(each) for each in found)


def _loop_values(node: Any) -> Iterator[Any]:
    if isinstance(node, list):
        for each in node:
            yield from _loop_values(each)
    elif isinstance(node, dict):
        if str(node.get("type", "")).endswith(_LOOPS):
            yield node.get("values", node.get("value"))
        for each in node.values():
            yield from _loop_values(each)


_RULES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "quirk": _quirk,
    "no-open-task-runs": _left_open,
    "equal-loop-values": _equal_values,
}


@cache
def _named() -> dict[str, str]:
    """Return the single cases that differ on purpose, with the name of their class."""
    path = Path(__file__).with_name("known_differences.yaml")
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: entry["name"] for entry in entries for name in entry.get("flows", ())}
