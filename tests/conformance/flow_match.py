"""Compares what an execution came to with what the golden data expect: `differences(…)`.

The notation (`$match`, `$in`, `$any`, `$optional`, `optional: true`) is explained in
`flows/README.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import permutations
from typing import Any

__all__ = ["differences", "quotes_java"]

_KEY = ("id", "value", "iteration", "parent", "parent_value")
_MISSING = object()
_FEW = 5


def differences(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """Return where an execution, flat, differs from the expected one; empty when it agrees."""
    found = []
    for key, wanted in expected.items():
        if key == "tasks":
            found += _task_differences(wanted, actual["tasks"])
        elif key == "logs":
            found += _unmatched(wanted, actual["logs"], "log")
        else:
            found += _value_differences(key, wanted, actual.get(key, _MISSING))
    if "logs" not in expected:
        found += [f"log not expected: {line}" for line in actual.get("logs", ())]
    return found


def _task_differences(wanted: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[str]:
    """Match task runs by what identifies them; order is free."""
    left = list(found)
    problems = []
    for task in wanted:
        same = [each for each in left if all(_match(task.get(k), each.get(k)) for k in _KEY)]
        if not same:
            if not task.get("optional"):
                problems.append(f"task run missing: {_name(task)}")
            continue
        best = min(same, key=lambda each: len(list(_of_task(task, each))))
        left.remove(best)
        problems += _of_task(task, best)
    return problems + [f"task run not expected: {_name(each)}" for each in left]


def _of_task(task: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    for key in ("state", "states", "attempts", "outputs"):
        wanted = task.get(key, _MISSING)
        for problem in _value_differences(key, wanted, found.get(key, _MISSING)):
            yield f"{_name(task)} {problem}"


def _name(task: dict[str, Any]) -> str:
    return " ".join(f"{key}={task[key]}" for key in _KEY if key in task)


def _unmatched(wanted: list[Any], found: list[Any], what: str) -> list[str]:
    left = list(found)
    problems = []
    for item in sorted(wanted, key=_in_java_words):
        same = next((each for each in left if _match(_without_java(item), each)), None)
        if same is not None:
            left.remove(same)
        elif not (isinstance(item, dict) and "$optional" in item):
            problems.append(f"{what} missing: {item}")
    return problems + [f"{what} not expected: {each}" for each in left]


_JAVA = re.compile(r"([a-z]\w*\.)+[A-Z]\w*|\bclass java\.|at \[Source: |\bbyte\[\]")


def quotes_java(text: str) -> bool:
    """Tell whether a text quotes Java (a class name, a parser's words): not a requirement."""
    return _JAVA.search(text) is not None


def _in_java_words(line: dict[str, Any]) -> bool:
    message = line.get("message")
    return isinstance(message, str) and quotes_java(message)


def _without_java(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "message": {"$any": True}} if _in_java_words(line) else line


def _value_differences(key: str, wanted: Any, found: Any) -> list[str]:
    if _match(wanted, found):
        return []
    shown = "nothing" if found is _MISSING else repr(found)
    expected = "nothing" if wanted is _MISSING else repr(wanted)
    return [f"{key}: expected {expected}, got {shown}"]


def _match(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict) and len(wanted) == 1:
        ((tag, argument),) = wanted.items()
        if tag == "$any":
            return found is not _MISSING
        if tag == "$optional":
            return found is _MISSING or _match(argument, found)
        if tag == "$in":
            return any(_match(each, found) for each in argument)
        if tag == "$match":
            return isinstance(found, str) and any(
                re.fullmatch(argument, text, re.DOTALL) for text in _member_orders(found)
            )
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(
            _match(wanted.get(key, _MISSING), found.get(key, _MISSING))
            for key in wanted.keys() | found.keys()
        )
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_match, wanted, found))
    if isinstance(wanted, str) and isinstance(found, str):
        return wanted == found or _same_json(wanted, found) or _same_printed(wanted, found)
    if isinstance(wanted, bool) is not isinstance(found, bool):
        return False
    return bool(wanted == found)


def _same_json(wanted: str, found: str) -> bool:
    """A text that is a JSON object on both sides is compared as JSON."""
    if not (wanted.startswith("{") and found.startswith("{")):
        return False
    try:
        return bool(json.loads(wanted) == json.loads(found))
    except ValueError:
        return False


def _member_orders(text: str) -> Iterator[str]:
    """Yield a text; a small JSON object also with its members in every other order."""
    yield text
    try:
        value = json.loads(text) if text.startswith("{") else None
    except ValueError:
        return
    if isinstance(value, dict) and len(value) <= _FEW:
        for members in permutations(value.items()):
            yield json.dumps(dict(members), ensure_ascii=False, separators=(",", ":"))


# Apache's `HttpException` prints what it takes for unprintable, a line break or a letter beyond
# ASCII, as the hexadecimal *position* in the message: `body:[0x36]{…` is `body:\n{…`.
_UNPRINTABLE = re.compile(r"\[0x[0-9a-f]+\]")


def _same_printed(wanted: str, found: str) -> bool:
    """Tell whether two texts differ only in what Apache's HTTP client does not print."""
    pieces = _UNPRINTABLE.split(wanted)
    if len(pieces) == 1:
        return False
    return re.fullmatch("[^ -~]".join(map(re.escape, pieces)), found) is not None
