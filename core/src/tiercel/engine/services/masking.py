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
_MOST_DERIVED = 1000
"""So many texts that were made of secrets are remembered; then the oldest is forgotten."""
_MOST_TEXTS = 2000


class Masker:
    """Replaces every secret it was told of, raw and in the common encodings; for any thread."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._derived: dict[str, None] = {}
        self._sources: tuple[str, ...] = ()
        self._forms: set[str] = set()
        self._needles: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def add(self, secret: str) -> None:
        """Mask this value from now on."""
        if len(secret) < _SHORTEST or secret in self._secrets:
            return
        with self._lock:
            self._secrets.add(secret)
            self._forms.update(_forms(secret))
            self._sort()

    def derive(self, source: Any, made: Any) -> Any:
        """Mask what was made of a secret, and return it.

        Args:
            source: a value; it matters only when it is, or holds, a text with a secret in it.
            made: what a filter or function made of it; of a list or map each text is masked.

        Of what is masked anyway, and of short texts, no notice is taken; nor of numbers and truth.
        """
        if self._sources and isinstance(made, str | list | tuple | Mapping) and self.holds(source):
            for text in _texts(made):
                if len(text) >= _SHORTEST_VARIANT and self.mask(text) == text:
                    self._note(text)
        return made

    def holds(self, source: Any) -> bool:
        """Tell whether a value holds a secret, or what was made of one, in clear."""
        return any(secret in text for text in _texts(source) for secret in self._sources)

    def _note(self, text: str) -> None:
        with self._lock:
            self._derived[text] = None
            if len(self._derived) > _MOST_DERIVED:
                del self._derived[next(iter(self._derived))]
            self._sort()

    def _sort(self) -> None:
        known = {*self._secrets, *self._derived}
        self._sources = tuple(each for each in known if len(each) >= _SHORTEST_VARIANT)
        # A secret may be a part of another one's encoding: the longest go first.
        needles = {*self._forms, *self._derived}
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


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value: itself, or those in a list or map, the first thousand or so."""
    left = [value]
    for _ in range(_MOST_TEXTS):
        if not left:
            return
        match left.pop():
            case str() as text:
                yield text
            case Mapping() as members:
                left += members.values()
            case list() | tuple() as items:
                left += items[:_MOST_TEXTS]


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
