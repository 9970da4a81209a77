"""Identifiers: 22 characters of base 62, the shape that Kestra's ids have.

New ids come from an `IdSource`, so that tests can own them; ids of task runs are *derived* from
their execution's id, so that replaying an execution's events names them the same again.
"""

from __future__ import annotations

import hashlib
import os
from typing import Protocol

__all__ = ["IdSource", "RandomIds", "derive"]

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 22


class IdSource(Protocol):
    """Makes identifiers that nobody has used before."""

    def new(self) -> str:
        """Return a fresh id of 22 letters and digits."""
        ...


class RandomIds:
    """128 random bits an id."""

    def new(self) -> str:
        """Return a fresh id of 22 letters and digits."""
        return _encode(os.urandom(16))


def derive(parent: str, *parts: str | int) -> str:
    """Return the id that `parts` have below `parent`: the same for the same arguments, always."""
    text = "\x1f".join((parent, *map(str, parts)))
    return _encode(hashlib.blake2b(text.encode(), digest_size=16).digest())


def _encode(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    digits = []
    for _ in range(_LENGTH):
        number, rest = divmod(number, 62)
        digits.append(_DIGITS[rest])
    return "".join(reversed(digits))
