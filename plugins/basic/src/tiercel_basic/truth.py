"""When a rendered condition counts as false."""

from __future__ import annotations

__all__ = ["is_truthy"]

_FALSE = {"", "0", "-0", "false"}


def is_truthy(text: str | None) -> bool:
    """Return whether a rendered condition holds.

    Only nothing, blanks, `0`, `-0` and `false` in lower case are false (Kestra: TruthUtils), so
    `FALSE`, `0.0` and `[]` hold.
    """
    return (text or "").strip() not in _FALSE
