"""Makes `corpus` importable, and a checker with the installed plugins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tiercel.check.checker import Checker
from tiercel.parts import language
from tiercel.plugin.registry import Registry

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def checker() -> Checker:
    """A checker with the installed plugins."""
    registry = Registry()
    return Checker(registry, language(registry).tables)
