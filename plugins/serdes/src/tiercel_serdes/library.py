"""Libraries that only some converters need: imported when one of those runs, named when missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tiercel.plugin import TaskError

__all__ = ["library"]


def library(name: str, extra: str) -> Any:
    """Import a module of an optional library.

    Args:
        name: the module.
        extra: the extra of this package that brings it.

    Raises:
        TaskError: it is not installed; the message says how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise TaskError(
            f"This task needs {name.partition('.')[0]}: pip install 'tiercel-serdes[{extra}]'",
            retryable=False,
        ) from error
