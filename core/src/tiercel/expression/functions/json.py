"""Values from JSON, YAML and ION texts."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from tiercel.errors import EvaluationError
from tiercel.expression.json_reader import JsonTextError, read_json
from tiercel.expression.table import FUNCTIONS
from tiercel.expression.values import is_text

__all__ = ["from_ion", "from_json", "json", "yaml"]

_SYMBOL = re.compile(r"\s*([A-Za-z_$][A-Za-z0-9_$]*)(?!\s*::)")


@FUNCTIONS.add("fromJson", "json")
def from_json(text: Any) -> Any:
    """Return the JSON value that a text begins with; null stays null.

    Raises:
        EvaluationError: it is no text, or no JSON.
    """
    return _from_json("fromJson", text)


@FUNCTIONS.add("json", "json")
def json(text: Any) -> Any:
    """Return the JSON value that a text begins with; the older name of `fromJson`."""
    return _from_json("json", text)


def _from_json(function: str, text: Any) -> Any:
    if text is None:
        return None
    _require_text(function, "json", text)
    try:
        return read_json(text)
    except JsonTextError as error:
        raise EvaluationError(f"Invalid json: {error}") from None


@FUNCTIONS.add("yaml", "yaml")
def yaml(text: Any) -> Any:
    """Return the value of a YAML text's first document.

    Raises:
        EvaluationError: it is no text, or no YAML.
    """
    _require_text("yaml", "yaml", text)
    from tiercel.expression.yaml_text import YamlTextError, read_yaml

    try:
        return read_yaml(text)
    except YamlTextError as error:
        raise EvaluationError(f"Invalid yaml: {error}") from None


@FUNCTIONS.add("fromIon", "ion", "allRows")
def from_ion(text: Any, all_rows: Any = False) -> Any:
    """Return the first value of an ION text, or the list of all of them.

    Args:
        text: null stays null; a text without a value gives null.
        all_rows: whether to return every value, as a list.

    Raises:
        EvaluationError: it is no text, or no ION, or a row is null.
    """
    if text is None:
        return None
    _require_text("fromIon", "ion", text)
    if not isinstance(all_rows, bool):
        raise EvaluationError("The 'fromIon' function expects 'allRows' to be a boolean")
    from tiercel._ion import IonTextError
    from tiercel.expression.ion_values import read_ion

    try:
        rows = list(islice(read_ion(text), None if all_rows else 1))
    except IonTextError as error:
        # Kestra's reader stops behind the first value, and so never sees what is wrong after it.
        first = None if all_rows else _SYMBOL.match(text)
        if first is None or first[1] in ("null", "true", "false", "nan"):
            raise EvaluationError(f"Invalid ion: {error}") from None
        return first[1]
    if None in rows:
        raise EvaluationError("Invalid ion: a row is null")
    return rows if all_rows else next(iter(rows), None)


def _require_text(function: str, argument: str, value: Any) -> None:
    if not is_text(value):
        raise EvaluationError(
            f"The '{function}' function expects an argument '{argument}' with type string"
        )
