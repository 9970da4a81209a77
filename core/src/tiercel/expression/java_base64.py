"""Base64 as Java's basic decoder reads it: padding may be left out, nothing else may be wrong."""

from __future__ import annotations

import base64
import binascii

__all__ = ["decode", "encode"]


def encode(data: bytes) -> str:
    """Return the padded Base64 text of some bytes."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of a Base64 text.

    Raises:
        ValueError: there is a character of another alphabet, or the length or padding is wrong.
    """
    bare = text.rstrip("=")
    padding = len(text) - len(bare)
    if padding > 2 or (padding and len(text) % 4):
        raise ValueError("The padding of the Base64 text is wrong")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"Invalid Base64 text: {error}") from None
