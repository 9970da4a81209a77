"""Values of ION rows as fields of a CSV file."""

from __future__ import annotations

import base64
import json
import re
from datetime import date, datetime, time
from typing import Any

from tiercel_serdes.dates import DateStyle

__all__ = ["FieldText"]

_NUMERIC = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]*)")


class _Number(str):
    """A text that the CSV writer takes for a number, and so leaves bare."""

    __slots__ = ()

    def __float__(self) -> float:
        return float(str(self))


class FieldText:
    """Turns values into fields.

    Args:
        dates: how dates are written.
        tell_numbers: whether the CSV writer must tell numbers from other texts.
    """

    def __init__(self, dates: DateStyle, tell_numbers: bool) -> None:
        self._dates = dates
        self._tell_numbers = tell_numbers

    def __call__(self, value: Any) -> str:
        """Return a value's text."""
        text = value if value.__class__ is str else self._text(value)
        if self._tell_numbers and _NUMERIC.fullmatch(text):
            return _Number(text)
        return text

    def _text(self, value: Any) -> str:
        match value:
            case None:
                return ""
            case bool():
                return "true" if value else "false"
            case datetime():
                return self._dates.moment(value)
            case date():
                return self._dates.date(value)
            case time():
                return self._dates.time(value)
            case bytes():
                return base64.b64encode(value).decode()
            case dict() | list():
                return json.dumps(value, ensure_ascii=False, default=str)
        return str(value)
