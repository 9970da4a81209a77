"""What the tests of the expression language share: an environment, and helpers to call it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tiercel.expression.environment import Environment

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def environment() -> Environment:
    """An environment with the built-in tables and default limits."""
    return Environment()


@pytest.fixture(scope="session")
def render(environment: Environment) -> Callable[..., str]:
    """Render a template with variables given by name."""

    def call(source: str, **variables: Any) -> str:
        return environment.render(source, variables)

    return call


@pytest.fixture(scope="session")
def evaluate(environment: Environment) -> Callable[..., Any]:
    """Evaluate a template with variables given by name."""

    def call(source: str, **variables: Any) -> Any:
        return environment.evaluate(source, variables)

    return call
