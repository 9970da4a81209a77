"""Digests of texts, in lower-case hexadecimal."""

from __future__ import annotations

import hashlib
from typing import Any

from tiercel.errors import EvaluationError
from tiercel.expression.table import FILTERS
from tiercel.expression.values import is_text

__all__ = ["md5", "sha1", "sha256", "sha512"]


def _digest(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not is_text(value):
        raise EvaluationError(f"The '{name}' filter needs a text, not {type(value).__name__}")
    data = value.encode("utf-8", "replace")
    return hashlib.new(name, data, usedforsecurity=False).hexdigest()


@FILTERS.add("md5")
def md5(value: Any) -> str | None:
    """Return the MD5 digest of a text; null stays null."""
    return _digest("md5", value)


@FILTERS.add("sha1")
def sha1(value: Any) -> str | None:
    """Return the SHA-1 digest of a text; null stays null."""
    return _digest("sha1", value)


@FILTERS.add("sha256")
def sha256(value: Any) -> str | None:
    """Return the SHA-256 digest of a text; null stays null."""
    return _digest("sha256", value)


@FILTERS.add("sha512")
def sha512(value: Any) -> str | None:
    """Return the SHA-512 digest of a text; null stays null."""
    return _digest("sha512", value)
