"""Whether a condition can be asked about dates to come."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from tiercel.plugin import Condition, ExpressionError, Property, references

__all__ = ["decided_by_date"]

_OF_THE_DATE = frozenset({"trigger", "schedule"})


def decided_by_date(condition: Condition) -> bool:
    """Return whether a condition's expressions read the trigger's date, and nothing else.

    What a function gives (`kv`, `now`) may be another thing by then.
    """
    values = [each.raw for each in vars(condition).values() if isinstance(each, Property)]
    names = [_names(each) for each in values if isinstance(each, str)]
    return any(names) and all(each <= _OF_THE_DATE for each in names)


@lru_cache(maxsize=1024)
def _names(template: str) -> frozenset[str]:
    """Return the variables and functions that a template reads."""
    with suppress(ExpressionError):  # told when the template is rendered
        used = references(template)
        return frozenset(use.name for use in (*used.variables, *used.functions))
    return frozenset({""})
