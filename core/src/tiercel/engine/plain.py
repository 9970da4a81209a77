"""Makes plain JSON-like values of what tasks and expressions produce."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

from tiercel import _duration

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """Return `value` as None, bool, int, float, str, list or dict, all the way down.

    Dates and times become ISO-8601 text, durations too, bytes base64, sets and tuples lists,
    models their aliased fields; anything else becomes its text.
    """
    match value:
        case None | bool() | str():
            return value
        case Enum():
            return plain(value.value)
        case int():
            return int(value)
        case float():
            return float(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case BaseModel():
            return plain(value.model_dump(by_alias=True, exclude_none=True))
    return _text(value)


def _text(value: Any) -> Any:
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return _duration.format(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case bytes() | bytearray():
            return base64.b64encode(value).decode()
        case PurePath():
            return str(value)
    return str(value)
