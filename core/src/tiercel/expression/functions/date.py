"""The present: `now`."""

from __future__ import annotations

from typing import Any

from tiercel.expression.filters.date import UNSET, format_date
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.table import FUNCTIONS

__all__ = ["now"]


@FUNCTIONS.add("now", "format", "timeZone", "existingFormat", "locale", needs_context=True)
def now(
    context: EvaluationContext,
    format_: Any = "iso",
    time_zone: Any = None,
    existing_format: Any = None,
    locale: Any = UNSET,
) -> str | None:
    """Return the present as text; arguments are those of the `date` filter."""
    return format_date(context, context.now(), format_, time_zone, existing_format, locale)
