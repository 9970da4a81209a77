"""Keeps secrets out of whatever people read: logs and error messages."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

__all__ = ["MASK", "Masker"]

MASK = "******"
_SHORTEST = 3
"""Shorter values are not masked: they would blank out innocent text."""
_SHORTEST_VARIANT = 6
"""Of shorter values only the value itself is masked: their variants are too often plain words."""


class Masker:
    """Replaces every secret it was told of, raw and in the common encodings; for any thread."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._needles: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def add(self, secret: str) -> None:
        """Mask this value from now on."""
        if len(secret) < _SHORTEST or secret in self._secrets:
            return
        with self._lock:
            self._secrets.add(secret)
            needles = {*self._needles, *_forms(secret)}
            # A secret may be a part of another one's encoding: the longest go first.
            self._needles = tuple(sorted(needles, key=lambda each: (-len(each), each)))

    def mask(self, text: str) -> str:
        """Return the text with every known secret blanked out."""
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, MASK)
        return text

    def mask_all(self, value: Any) -> Any:
        """Return a JSON-like value with every known secret in its texts blanked out."""
        match value:
            case str():
                return self.mask(value)
            case Mapping():
                return {key: self.mask_all(item) for key, item in value.items()}
            case list() | tuple():
                return [self.mask_all(item) for item in value]
        return value


def _forms(secret: str) -> Iterator[str]:
    """Yield the secret as it may appear."""
    yield secret
    # A log has lines: those of a key file come one by one.
    lines = secret.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _SHORTEST_VARIANT)
    if len(secret) < _SHORTEST_VARIANT:
        return
    yield from (secret.upper(), secret.lower(), secret[::-1])
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
    data = secret.encode("utf-8", "surrogatepass")
    yield data.hex()
    yield data.hex().upper()
    yield from _in_base64(data)


def _in_base64(data: bytes) -> Iterator[str]:
    """Yield what stands in base64 text wherever the secret begins in what was encoded."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data)
        # The first and the last characters depend on what stands beside the secret.
        first = (shift * 8 + 5) // 6
        last = (shift + len(data)) * 8 // 6
        for each in (text, text.translate(bytes.maketrans(b"+/", b"-_"))):
            yield each[first:last].decode()
