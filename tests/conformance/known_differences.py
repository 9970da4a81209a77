"""Decides whether a case that differs from the golden data differs on purpose.

`known_differences.yaml` names the classes. A class applies to a case by its `ids`, its
`categories`, or its `rule`, so that cases nobody has seen yet are judged like the ones here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Difference", "known_class"]

Difference = dict[str, Any]
"""One failing case: its golden record under `case`, what came out under `actual`, whether that
was an error under `failed`."""

_MAP_LITERAL = re.compile(r"\{[^{}%#]*:")


def _member_order(difference: Difference) -> bool:
    """Tell whether expected and actual hold the same members in another order."""
    case = difference["case"]
    expected = case.get("expect", case.get("expect_json"))
    template = json.dumps(case["template"], ensure_ascii=False)
    if difference["failed"] or expected is None or not _MAP_LITERAL.search(template):
        return False
    actual = difference["actual"]
    return _parsed(expected) == _parsed(actual) or (
        # Text, or a list of keys or values: all that can be compared is the pieces.
        bool(re.search(r"\b(values|keys|jq|merge|for|set)\b|~", template))
        and _pieces(expected) == _pieces(actual)
    )


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _pieces(value: Any) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return sorted(re.findall(r"[^,{}\[\]]+", re.sub(r"(?<=[,{\[]) ", "", text)))


def _java_error(difference: Difference) -> bool:
    """Tell whether both fail, and only words that Java itself chose are missing in ours."""
    error = difference["case"].get("expect_error")
    if error is None or not difference["failed"]:
        return False
    kinds = {error.get("kind"), error.get("cause")} - {None, "IllegalVariableEvaluationException"}
    return bool(kinds) and not any(
        kind.startswith(("AttributeNotFound", "RootAttribute", "Parser", "Pebble"))
        for kind in kinds
    )


def _integer_kinds(difference: Difference) -> bool:
    """Tell whether only `contains` between an int and a long answers differently."""
    case = difference["case"]
    return (
        not difference["failed"]
        and "contains" in str(case["template"])
        and _without_verdict(case.get("expect")) == _without_verdict(difference["actual"])
    )


def _without_verdict(value: Any) -> str:
    return re.sub("true|false", "?", str(value).lower())


def _java_array(difference: Difference) -> bool:
    """Tell whether Kestra shows a Java array's class and address (`[Ljava.lang.Object;@6347f9`)."""
    expected = str(difference["case"].get("expect", "")).lower()
    return "array" in str(difference["case"]["vars"]) and any(
        part in expected for part in ("[ljava.", "ljavalang", "ang.object", "object;@")
    )


def _merged_order(difference: Difference) -> bool:
    """Tell whether only the order of members differs, in a map that a filter made."""
    case = difference["case"]
    expected = case.get("expect", case.get("expect_json"))
    makes_map = re.search(r"\b(merge|replace|escapeChar)\(", str(case["template"]))
    if difference["failed"] or expected is None or not makes_map:
        return False
    return _pieces(expected) == _pieces(difference["actual"])


def _frozen_list(difference: Difference) -> bool:
    """Tell whether Kestra fails to sort or reverse, in place, a list that cannot be changed."""
    case = difference["case"]
    error = case.get("expect_error") or {}
    return (
        not difference["failed"]
        and error.get("kind") == "UnsupportedOperationException"
        and bool(re.search(r"\|\s*(r?sort|reverse)\b", str(case["template"])))
    )


def _wide_integer(difference: Difference) -> bool:
    """Tell whether jq computed with doubles what Kestra computes with integers of 64 bits."""
    case = difference["case"]
    if difference["failed"] or "jq(" not in str(case["template"]):
        return False
    try:
        exact, ours = int(str(case.get("expect"))), int(float(str(difference["actual"])))
    except (ValueError, OverflowError):
        return False
    # Equal but for what wraps around, and what a double of this size cannot tell apart.
    apart = (ours - exact + 2**63) % 2**64 - 2**63
    return abs(ours) >= 2**53 and abs(apart) <= abs(ours) * 2**-52


_RULES: dict[str, Callable[[Difference], bool]] = {
    "member_order": _member_order,
    "java_error": _java_error,
    "integer_kinds": _integer_kinds,
    "java_array": _java_array,
    "merged_order": _merged_order,
    "frozen_list": _frozen_list,
    "wide_integer": _wide_integer,
}


@cache
def _classes() -> list[dict[str, Any]]:
    path = Path(__file__).with_name("known_differences.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def known_class(area: str, difference: Difference) -> str:
    """Return the name of the class that excuses a difference, or an empty text."""
    for entry in _classes():
        if (
            difference["case"]["id"] in entry.get("ids", ())
            or area in entry.get("categories", ())
            or ("rule" in entry and _RULES[entry["rule"]](difference))
        ):
            return str(entry["name"])
    return ""
