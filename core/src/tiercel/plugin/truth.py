"""When a rendered condition holds: the same for `runIf`, `If`, `Fail` and every plugin's own."""

from __future__ import annotations

from typing import Any

__all__ = ["is_true"]

_FALSE = frozenset({"", "0", "-0", "false"})


def is_true(value: Any) -> bool:
    """Return whether a condition, rendered to text or to a plain value, holds.

    Nothing, blanks, `0`, `-0` and `false` in lower case do not hold; everything else does, `FALSE`,
    `0.0` and `[]` too (Kestra: TruthUtils; golden area `flows/if`).
    """
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return value != 0
    return not isinstance(value, str) or value.strip() not in _FALSE
