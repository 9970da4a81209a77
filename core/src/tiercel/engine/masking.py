"""Keeps secrets out of whatever people read: logs and error messages."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

__all__ = ["MASK", "Masker"]

MASK = "******"
_SHORTEST = 3
"""Shorter values are not masked: they would blank out innocent text."""


class Masker:
    """Replaces every secret it was told of, raw and in the common encodings."""

    def __init__(self) -> None:
        self._needles: dict[str, None] = {}

    def add(self, secret: str) -> None:
        """Mask this value from now on."""
        if len(secret) >= _SHORTEST:
            self._needles.update(dict.fromkeys(_forms(secret)))

    def mask(self, text: str) -> str:
        """Return the text with every known secret blanked out."""
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, MASK)
        return text


def _forms(secret: str) -> list[str]:
    """Return the secret as it may appear, the longest form first."""
    data = secret.encode()
    forms = {
        secret,
        secret.upper(),
        secret.lower(),
        secret[::-1],
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
        data.hex(),
    }
    return sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)
