"""How the text of a `Set` becomes a value of the wanted type."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Literal

from pydantic import TypeAdapter

from tiercel.plugin import Duration, TaskError

__all__ = ["KvType", "typed"]

KvType = Literal["STRING", "NUMBER", "BOOLEAN", "DATETIME", "DATE", "DURATION", "JSON"]
"""What a value can be."""


def typed(text: str, kind: KvType) -> Any:
    """Return `text` as a value of the given type.

    A DATE takes a moment too, as Kestra's does. A moment without a zone is in UTC.

    Raises:
        TaskError: the text is no such value.
    """
    try:
        return _READERS[kind](text)
    except ValueError as error:
        raise TaskError(
            f"Value {text!r} is not of kvType {kind}; write it like {_SAMPLES[kind]}",
            retryable=False,
        ) from error


def _number(text: str) -> int | float:
    value = json.loads(text, parse_constant=_refuse)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(text)
    return value


def _refuse(text: str) -> float:
    # NaN and the infinities, which Python reads and JSON does not know.
    raise ValueError(text)


def _json(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _boolean(text: str) -> bool:
    # Whatever is not `true` is false (Java: Boolean.parseBoolean).
    return text.lower() == "true"


def _moment(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _date(text: str) -> date:
    return _moment(text) if "T" in text else date.fromisoformat(text)


_READERS: dict[KvType, Callable[[str], Any]] = {
    "STRING": str,
    "NUMBER": _number,
    "BOOLEAN": _boolean,
    "DATETIME": _moment,
    "DATE": _date,
    "DURATION": TypeAdapter(Duration).validate_python,
    "JSON": _json,
}
_SAMPLES: dict[KvType, str] = {
    "STRING": "text",
    "NUMBER": "42 or 4.5",
    "BOOLEAN": "true",
    "DATETIME": "2024-01-31T08:30:00Z",
    "DATE": "2024-01-31",
    "DURATION": "PT1H30M",
    "JSON": '{"a": [1, 2]}',
}
