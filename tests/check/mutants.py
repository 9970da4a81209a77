"""Mistakes that people make, put into flows that are right: one mistake at a time.

Mutations work on the text alone, by patterns, so that they know nothing of what the checker knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tiercel.errors import ExpressionError
from tiercel.expression.environment import Environment

__all__ = ["KINDS"]

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)
_PROTECTED = re.compile(
    r"\{% *raw *%\}.*?\{% *endraw *%\}|\{#.*?#\}|^\s*description:[^\n]*$|(?<=\s)# [^\n]*$",
    re.S | re.M,
)
"""What nobody evaluates: raw text, comments, descriptions."""
_OUTPUT = re.compile(
    r"\boutputs(?:\.(?P<dotted>\w+)|\[\s*['\"](?P<quoted>[\w-]+)['\"]\s*\])"
    r"(?P<turns>(?:\[[^\]'\"]*\])*)(?:\.(?P<member>\w+))?"
)
_INPUT = re.compile(r"\binputs(?:\.(?P<dotted>\w+)|\[\s*['\"](?P<quoted>[\w.-]+)['\"]\s*\])")
_FILTER = re.compile(r"\|\s*(?P<name>[a-zA-Z]\w*)")
_FUNCTION = re.compile(r"(?<![\w.|])(?<!\| )(?P<name>[a-zA-Z]\w*)\(")
_TYPE = re.compile(r"\btype:\s*(?P<name>io\.kestra\.[\w.]+)")
_SAMPLES: dict[str, list[Any]] = {
    "STRING": ["some text", "7"],
    "INT": [7],
    "BOOLEAN": [True],
    "ARRAY": [["a", "b"]],
}
_OTHER_TYPES = (
    "io.kestra.plugin.core.log.Log",
    "io.kestra.plugin.core.debug.Return",
    "io.kestra.plugin.core.flow.Sleep",
)


def _tags(text: str) -> Iterator[re.Match[str]]:
    protected = [match.span() for match in _PROTECTED.finditer(text)]
    for match in _TAG.finditer(text):
        if not any(start <= match.start() < end for start, end in protected):
            yield match


def _in_tags(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[re.Match[str], int]]:
    """Yield the matches of a pattern inside of tags, and where the tag begins."""
    for tag in _tags(text):
        for match in pattern.finditer(tag.group()):
            yield match, tag.start()


def _mistyped(name: str) -> str:
    """Two letters change places; a short name gets one letter more."""
    if len(name) < 4 or name[1] == name[2]:
        return f"{name}x"
    return name[0] + name[2] + name[1] + name[3:]


def _replaced(text: str, start: int, end: int, word: str) -> str:
    return text[:start] + word + text[end:]


def _names(text: str, pattern: re.Pattern[str]) -> list[str]:
    found = (match["dotted"] or match["quoted"] for match, _ in _in_tags(text, pattern))
    return list(dict.fromkeys(found))


def _renamed_tasks(text: str) -> Iterator[tuple[str, str]]:
    """Rename a task where it is defined, and not where it is read."""
    for name in _names(text, _OUTPUT):
        changed, count = re.subn(
            rf"(\bid:\s*[\"']?){re.escape(name)}(?=[\"']?\s*(?:$|,|\}}))",
            lambda match: match[1] + _mistyped(name),  # noqa: B023  # used at once
            text,
            count=1,
            flags=re.M,
        )
        if count:
            yield name, changed


def _renamed_outputs(text: str) -> Iterator[tuple[str, str]]:
    """Mistype an output where it is read."""
    for match, start in _in_tags(text, _OUTPUT):
        if match["member"]:
            begin, end = start + match.start("member"), start + match.end("member")
            yield match.group(), _replaced(text, begin, end, _mistyped(match["member"]))


def _mistyped_tasks(text: str) -> Iterator[tuple[str, str]]:
    """Mistype a task where it is read."""
    for match, start in _in_tags(text, _OUTPUT):
        group = "dotted" if match["dotted"] else "quoted"
        begin, end = start + match.start(group), start + match.end(group)
        yield match.group(), _replaced(text, begin, end, _mistyped(match[group]))


def _renamed_inputs(text: str) -> Iterator[tuple[str, str]]:
    """Mistype an input where it is read."""
    for match, start in _in_tags(text, _INPUT):
        group = "dotted" if match["dotted"] else "quoted"
        begin, end = start + match.start(group), start + match.end(group)
        yield match.group(), _replaced(text, begin, end, _mistyped(match[group]))


def _renamed_filters(text: str) -> Iterator[tuple[str, str]]:
    for pattern in (_FILTER, _FUNCTION):
        for match, start in _in_tags(text, pattern):
            begin, end = start + match.start("name"), start + match.end("name")
            yield match["name"], _replaced(text, begin, end, _mistyped(match["name"]))


def _swapped_types(text: str) -> Iterator[tuple[str, str]]:
    """Give a task or trigger another type."""
    for match in _TYPE.finditer(text):
        other = next(each for each in _OTHER_TYPES if each != match["name"])
        yield match["name"], _replaced(text, match.start("name"), match.end("name"), other)


def _swapped_inputs(text: str) -> Iterator[tuple[str, str]]:
    """Give an input another type, where an expression works with the one and not with the other.

    Which one that is the expression language itself tells, by a sample of each type.
    """
    data = yaml.safe_load(text)
    declared = data.get("inputs") if isinstance(data, dict) else None
    for entry in declared if isinstance(declared, list) else ():
        name, kind = entry.get("id"), entry.get("type")
        if kind not in _SAMPLES or not isinstance(name, str):
            continue
        for other in _SAMPLES.keys() - {kind}:
            if _breaks(text, name, kind, other):
                yield f"{name}: {kind} → {other}", _retyped(text, name, other)


def _breaks(text: str, name: str, before: str, after: str) -> bool:
    """Return whether a template works with an input of one type, and with none of another."""
    return any(
        _works(tag.group(), name, before) and not _works(tag.group(), name, after)
        for tag in _tags(text)
        if re.search(rf"\binputs\.{re.escape(name)}\b", tag.group())
    )


def _works(template: str, name: str, kind: str) -> bool:
    for sample in _SAMPLES[kind]:
        try:
            Environment().evaluate(template, {"inputs": {name: sample}})
        except ExpressionError:
            continue
        return True
    return False


def _retyped(text: str, name: str, kind: str) -> str:
    data = yaml.safe_load(text)
    for entry in data["inputs"]:
        if entry.get("id") == name:
            entry["type"] = kind
            entry.pop("defaults", None)
            if kind == "ARRAY":
                entry["itemType"] = "STRING"
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


KINDS = {
    "rename a task": _renamed_tasks,
    "mistype a task": _mistyped_tasks,
    "mistype an output": _renamed_outputs,
    "mistype an input": _renamed_inputs,
    "mistype a filter or function": _renamed_filters,
    "swap the type of a task": _swapped_types,
    "swap the type of an input": _swapped_inputs,
}
"""What each kind of mistake is called → (what was changed, the changed text) of a text."""
