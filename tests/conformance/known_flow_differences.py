"""Decides whether a golden flow that comes out differently does so on purpose.

The classes are those that `flows/README.md` allows, decided by rules so that unseen cases are
judged alike, and a few named cases in `known_differences.yaml` under `flows`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["known_flow_class"]

_OPEN = {"CREATED", "SUBMITTED", "RUNNING", "RETRYING"}
_UNTIL = ("flow.LoopUntil", "flow.WaitFor")
_EARLIER = re.compile(r"task run not expected: |task run missing: id=\S+ iteration=\d+$")
_FLOWABLE = re.compile(r"Unable to resolve (state|outputs) from the Flowable task: ")
_CLASS = re.compile(r"^([a-z]\w*\.)+[A-Z]\w*(Exception|Error): ")
_UNAVAILABLE = re.compile(r"^log not expected: .*response code \\?'503")
_BEGUN = re.compile(r"^log not expected: .*'Created new execution ")
_CALLED_NEW = re.compile(r"log (missing: .*'Created new|not expected: .*'Restarted) execution ")
_LISTS = re.compile(r"(?:states|attempts): expected (\[.*\]), got (\[.*\])$")
_DATES = re.compile(r"dates: expected (\[.*\]), got (\[.*\])$")
_LOOPS = ("ForEach", "EachSequential", "EachParallel")


def known_flow_class(name: str, case: dict[str, Any], found: list[str]) -> str:
    """Return the class that excuses a case's differences, or an empty text."""
    for known, rule in _RULES.items():
        if rule(case):
            return known
    for known, excuses in _RULES_OF_DIFFERENCES.items():
        if excuses(case, found):
            return known
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


def _told_again(case: dict[str, Any], found: list[str]) -> bool:
    """Tell whether only error lines are missing that repeat another one, or its Java class."""
    gists = Counter(
        (line.get("task"), _gist(line["message"]))
        for line in case["expect"].get("logs", ())
        if line.get("level") == "ERROR" and isinstance(line.get("message"), str)
    )
    missing: Counter[tuple[str | None, str]] = Counter()
    for difference in found:
        line = _missing_line(difference)
        if line is None or line.get("level") != "ERROR" or not isinstance(line["message"], str):
            return False
        missing[line.get("task"), _gist(line["message"])] += 1
    return all(count < gists[gist] for gist, count in missing.items())


def _missing_line(difference: str) -> dict[str, Any] | None:
    head, _, line = difference.partition("log missing: ")
    return ast.literal_eval(line) if not head and line else None


def _gist(message: str) -> str:
    """Return an error's text without its Java class and without lines that it says twice."""
    lines = _FLOWABLE.sub("", _CLASS.sub("", message)).splitlines()
    return "\n".join(dict.fromkeys(lines))


def _silent_retry(case: dict[str, Any], found: list[str]) -> bool:
    """Tell whether a 503 is seen that Kestra's HTTP client met with a request of its own."""
    asks = any("plugin.core.http." in source for source in case["flows"])
    return asks and any(_UNAVAILABLE.search(each) for each in found)


def _more_attempts(case: dict[str, Any], found: list[str]) -> bool:
    """Tell whether only more attempts were made within a retry's `maxDuration`."""
    if not any("maxDuration" in source for source in case["flows"]):
        return False
    return all(_is_longer(each) or "log not expected: {'level': 'ERROR'" in each for each in found)


def _is_longer(difference: str) -> bool:
    """Tell whether a history or the attempts are as expected, but longer."""
    match = _LISTS.search(difference)
    if match is None:
        return False
    wanted, got = ast.literal_eval(match[1]), ast.literal_eval(match[2])
    return got[: len(wanted)] == wanted and len(got) > len(wanted)


def _children_told(case: dict[str, Any], found: list[str]) -> bool:
    """Tell whether only the log is fuller: it names each execution that a ForEachItem began."""
    loops = any("flow.ForEachItem" in source for source in case["flows"])
    return loops and all(_BEGUN.search(each) for each in found)


def _restart_told(case: dict[str, Any], found: list[str]) -> bool:
    """Tell whether only the log differs: an execution that went on is not called a new one."""
    restarts = any(step["do"] == "restart" for step in case.get("steps", ()))
    return restarts and all(_CALLED_NEW.search(each) for each in found)


def _form_parts(case: dict[str, Any], found: list[str]) -> bool:
    """Tell whether only what the server says of a form's parts differs."""
    sends = any("multipart/form-data" in source for source in case["flows"])
    return sends and all(" outputs: " in each and '"parts"' in each for each in found)


def _year_ahead(case: dict[str, Any], found: list[str]) -> bool:
    """Tell whether only the date is missing that Kestra makes up when no other is left."""
    if not any("trigger.ScheduleOnDates" in source for source in case["flows"]):
        return False
    return all(_lacks_any_date(each) for each in found)


def _lacks_any_date(difference: str) -> bool:
    match = _DATES.search(difference)
    if match is None:
        return False
    wanted, got = ast.literal_eval(match[1]), ast.literal_eval(match[2])
    return wanted[:-1] == got and isinstance(wanted[-1], dict)


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
_RULES_OF_DIFFERENCES: dict[str, Callable[[dict[str, Any], list[str]], bool]] = {
    "loop-rounds-kept": _only_earlier_rounds,
    "error-told-once": _told_again,
    "no-silent-retry": _silent_retry,
    "retries-on-time": _more_attempts,
    "form-parts": _form_parts,
    "no-date-is-none": _year_ahead,
    "children-told": _children_told,
    "restart-told": _restart_told,
}


@cache
def _named() -> dict[str, str]:
    """Return the single cases that differ on purpose, with the name of their class."""
    path = Path(__file__).with_name("known_differences.yaml")
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: entry["name"] for entry in entries for name in entry.get("flows", ())}
