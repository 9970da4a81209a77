"""`raises`, so that the suites need no test library of their own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["raises"]


@contextmanager
def raises(*errors: type[Exception]) -> Iterator[None]:
    """Expect the block to raise one of the errors; anything else is an `AssertionError`."""
    names = " or ".join(error.__name__ for error in errors)
    try:
        yield
    except errors:
        return
    except Exception as other:
        raise AssertionError(f"{names} expected, got {other!r}") from other
    raise AssertionError(f"{names} expected, nothing was raised")
