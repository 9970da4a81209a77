"""JSON, YAML and ION of a value."""

from __future__ import annotations

from typing import Any

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression.bounded import check_tree
from tiercel.expression.printing import json_text
from tiercel.expression.table import FILTERS

__all__ = ["json", "to_ion", "to_json", "yaml"]


@FILTERS.add("toJson")
def to_json(value: Any) -> str:
    """Return compact JSON; null is `null`, a map's members that are null go."""
    try:
        return json_text(value)
    except RecursionError:
        raise _too_deep("toJson") from None


@FILTERS.add("json")
def json(value: Any) -> str:
    """Return compact JSON; the older name of `toJson`."""
    return to_json(value)


@FILTERS.add("yaml")
def yaml(value: Any) -> str:
    """Return YAML with a line end behind it; null is `null` without one."""
    from tiercel.expression.yaml_text import write_yaml

    try:
        return write_yaml(check_tree(value))
    except RecursionError:
        raise _too_deep("yaml") from None


@FILTERS.add("toIon")
def to_ion(value: Any) -> str:
    """Return ION text."""
    from tiercel._ion import IonTextError
    from tiercel.expression.ion_values import write_ion

    try:
        return write_ion(check_tree(value))
    except IonTextError as error:
        raise EvaluationError(f"Unable to transform the value to ION: {error}") from None


def _too_deep(name: str) -> LimitError:
    return LimitError(f"The value is nested too deep for the '{name}' filter")
