"""Runs the golden expressions: `run(folder)` yields one `CaseResult` for each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from case import CaseResult
from fixture_services import FixtureServices
from known_differences import known_class

from tiercel.engine.expressions.functions import engine_functions
from tiercel.errors import ExpressionError
from tiercel.expression import temporal
from tiercel.expression.environment import Environment
from tiercel.expression.printing import java_text, json_text
from tiercel.expression.values import (
    Array,
    BigInteger,
    Entry,
    Float32,
    Long,
    Uri,
    ValueSet,
    class_name,
)

__all__ = ["CATEGORIES", "run"]

_HERE = Path(__file__).parent
CATEGORIES = tuple(sorted(path.stem for path in (_HERE / "expressions").glob("*.jsonl")))
"""The categories of the golden data that come with the repository."""

_TAGS: dict[str, Any] = {
    "$long": Long,
    "$float": Float32,
    "$bigdecimal": Decimal,
    "$bigint": BigInteger,
    "$uri": Uri,
}
_COLLECTIONS = {"$set": ValueSet, "$array": Array}


def decode(value: Any) -> Any:
    """Turn the golden data's tagged values (`{"$long": "7"}`) into the language's values."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((tag, payload),) = value.items()
        if tag in _TAGS:
            return _TAGS[tag](payload)
        if tag in _COLLECTIONS:
            return _COLLECTIONS[tag](decode(payload))
        if tag.startswith("$"):
            return temporal.from_tag(tag, payload)
    return {key: decode(item) for key, item in value.items()}


def plain(value: Any) -> Any:
    """Turn a typed result into what the golden data's JSON holds for it."""
    if isinstance(value, (Decimal, BigInteger)):
        return java_text(value)
    return _inner(value)


def _inner(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, dict):
        # The golden data went through a JSON writer that drops null members.
        return {str(key): _inner(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_inner(item) for item in value]
    if isinstance(value, Entry):
        return {str(value.key): _inner(value.value)}
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return json.loads(json_text(value))


def _type_of(value: Any) -> str:
    kinds = {Array: "array", ValueSet: "set", list: "list", dict: "map", type(None): "null"}
    return kinds.get(type(value)) or class_name(value).rpartition(".")[2]


def _evaluate(environment: Environment, case: dict[str, Any], services: Any) -> Any:
    variables = decode(case["vars"])
    template, mode = case["template"], case.get("mode", "")
    if mode in ("typed", "runcontext_typed"):
        return environment.evaluate(template, variables, services)
    if mode == "recursive":
        return environment.render_recursive(template, variables, services)
    if mode == "object":
        return environment.render_object(template, variables, services)
    return environment.render(template, variables, services)


def _matches(case: dict[str, Any], actual: Any) -> bool:
    if "match" in case:
        return re.search(case["match"], actual) is not None
    if "expect_json" in case:
        parsed = json.loads(actual) if isinstance(actual, str) else plain(actual)
        return bool(parsed == case["expect_json"])
    if "expect" not in case:
        return False
    if "expect_type" not in case:
        return bool(actual == case["expect"]) and type(actual) is str
    same_type = {_type_of(actual), case["expect_type"]}
    lenient = len(same_type) == 1 or same_type in (
        {"set", "LinkedValues"},
        {"String", "SafeString"},
    )
    return lenient and json.dumps(plain(actual)) == json.dumps(case["expect"])


def _error_matches(case: dict[str, Any], error: ExpressionError) -> bool:
    expected = case.get("expect_error")
    if expected is None or expected["contains"] not in str(error):
        return False
    return error.line == expected.get("line", error.line)


def run_case(
    environment: Environment, area: str, case: dict[str, Any], services: Any = None
) -> CaseResult:
    """Try one golden case.

    Raises:
        nothing: whatever goes wrong inside is part of the result.
    """
    failed = False
    try:
        actual = _evaluate(environment, case, services)
        ok = _matches(case, actual)
        shown = plain(actual)
    except ExpressionError as error:
        failed, ok, shown = True, _error_matches(case, error), f"{type(error).__name__}: {error}"
    except Exception as error:  # a bug in the language: reported, never excused
        shown = f"CRASH {type(error).__name__}: {error}"
        return CaseResult(area, case["id"], False, _expected(case), shown, "", _subject(case))
    known = ""
    if not ok:
        known = known_class(area, {"case": case, "actual": shown, "failed": failed})
    return CaseResult(area, case["id"], ok, _expected(case), shown, known, _subject(case))


def _expected(case: dict[str, Any]) -> Any:
    keys = ("expect", "expect_json", "match", "expect_error", "expect_type", "mode")
    return {key: case[key] for key in keys if key in case}


def _subject(case: dict[str, Any]) -> str:
    return f"{json.dumps(case['template'], ensure_ascii=False)} with {json.dumps(case['vars'])}"


def environment_for(folder: Path) -> Environment:
    """Return an environment with the engine's functions, as the golden run had."""
    return Environment().with_functions(engine_functions())


def services_for(folder: Path) -> FixtureServices:
    """Return what those functions find: the fixtures of `folder`, or the repository's own."""
    fixtures = folder / "expressions" / "fixtures.json"
    return FixtureServices(fixtures if fixtures.is_file() else _HERE / "expressions/fixtures.json")


def run(folder: Path, only: str = "") -> Iterator[CaseResult]:
    """Try every golden expression of `folder/expressions`.

    Args:
        folder: holds `expressions/*.jsonl`; a missing `fixtures.json` means the repository's.
        only: one category's name; all when empty.
    """
    environment = environment_for(folder)
    services = services_for(folder)
    for path in sorted((folder / "expressions").glob(f"{only or '*'}.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield run_case(environment, path.stem, json.loads(line), services)
