"""How files are named that hold flow tests, so that nobody takes them for flows."""

from __future__ import annotations

__all__ = ["SUITE_ENDINGS", "is_suite"]

SUITE_ENDINGS = (".test.yaml", ".test.yml")
"""How their names end."""


def is_suite(name: str) -> bool:
    """Return whether a file of this name holds flow tests."""
    return name.lower().endswith(SUITE_ENDINGS)
