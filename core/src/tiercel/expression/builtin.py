"""The theme modules whose import fills the tables of filters, functions and tests."""

from __future__ import annotations

from importlib import import_module

__all__ = ["THEMES", "load"]

THEMES = (
    "filters.text",
    "filters.collection",
    "filters.date",
    "filters.number",
    "filters.json",
    "filters.encode",
    "filters.hash",
    "filters.jq",
    "functions.collection",
    "functions.render",
    "functions.date",
    "functions.json",
    "functions.random",
    "functions.crypto",
    "tests",
)


def load() -> None:
    """Import every theme module once; cheap when they are already imported."""
    for theme in THEMES:
        import_module(f"tiercel.expression.{theme}")
