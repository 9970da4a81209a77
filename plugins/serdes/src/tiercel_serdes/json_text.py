"""ION rows as JSON text."""

from __future__ import annotations

import base64
import json
import math
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import date, time, tzinfo
from decimal import Decimal
from typing import IO, Any

from tiercel.plugin import ion
from tiercel_serdes.dates import iso_text

__all__ = ["Annotated", "JsonText"]

# Texts of ION, those with annotations first.
_TEXT = r'"(?:[^"\\]|\\.)*"'
_SYMBOL = r"'(?:[^'\\]|\\.)*'"
_NAME = rf"(?:{_SYMBOL}|[A-Za-z_$][\w$]*)"
_ANNOTATION = re.compile(rf"({_NAME})\s*::\s*")
_ANNOTATED = re.compile(rf"((?:{_NAME}\s*::\s*)+)({_TEXT})|{_TEXT}|{_SYMBOL}")


class JsonText:
    """Turns rows into JSON.

    Decimals are written with all their digits, bytes in Base64, dates in ISO 8601; floats that are
    no numbers are the texts `NaN`, `Infinity` and `-Infinity`.

    Args:
        zone: the time zone that timestamps are written in.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        # Stands before a decimal in what the encoder makes, where it can only write a text.
        self._mark = secrets.token_hex(8)
        self._marked = re.compile(f'"{self._mark}([^"]*)"')
        self._encode = json.JSONEncoder(
            ensure_ascii=False, separators=(",", ":"), default=self._other, allow_nan=False
        ).encode

    def __call__(self, row: Any) -> str:
        """Return a row's text, without a line end."""
        try:
            text = self._encode(row)
        except ValueError:
            text = self._encode(_without_nan(row))
        return self._marked.sub(r"\1", text) if self._mark in text else text

    def _other(self, value: Any) -> Any:
        match value:
            case Decimal():
                return f"{self._mark}{value}" if value.is_finite() else str(value)
            case date() | time():
                return iso_text(value, self._zone)
            case bytes():
                return base64.b64encode(value).decode()
        return str(value)


def _without_nan(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case Mapping():
            return {key: _without_nan(each) for key, each in value.items()}
        case list():
            return [_without_nan(each) for each in value]
    return value


class Annotated:
    """An ION file with the annotations of texts taken off, or made a part of the value.

    With `keep`, `base64::"eA=="` becomes `{ion_annotations:["base64"],value:"eA=="}`.
    """

    def __init__(self, stream: IO[bytes], *, keep: bool) -> None:
        self._stream = stream
        self._keep = keep

    def __iter__(self) -> Iterator[bytes]:
        return map(self._replaced, self._stream)

    def read(self) -> bytes:
        """Return the rest of the file."""
        return self._replaced(self._stream.read())

    def _replaced(self, data: bytes) -> bytes:
        if b"::" not in data:
            return data
        return _ANNOTATED.sub(self._replace, data.decode("utf-8", "replace")).encode()

    def _replace(self, match: re.Match[str]) -> str:
        annotations, text = match[1], match[2]
        if annotations is None:
            return match[0]
        if not self._keep:
            return text
        names = [
            name[1:-1].replace(r"\'", "'") if name[0] == "'" else name
            for name in _ANNOTATION.findall(annotations)
        ]
        return f"{{ion_annotations:{ion.dumps(names)},value:{text}}}"
