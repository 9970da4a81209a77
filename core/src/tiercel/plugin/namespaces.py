"""What tasks that clean up share: which namespaces they work on, which names, since when."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from tiercel.errors import TaskError

if TYPE_CHECKING:
    from tiercel.plugin.context import RunContext
    from tiercel.plugin.property import Property

__all__ = ["chosen_namespaces", "moment_of", "wildcard_matches"]


def chosen_namespaces(
    ctx: RunContext,
    namespaces: Property[list[str]] | None,
    pattern: Property[str] | None,
    with_children: Property[bool],
) -> list[str]:
    """Return the namespaces that a task is to work on, among those that have flows.

    Args:
        ctx: of the task.
        namespaces: names; one is chosen even if it has no flows.
        pattern: instead of names, a pattern as for `wildcard_matches`.
        with_children: whether to choose those below the named ones, too.

    Raises:
        TaskError: both names and a pattern are given.
    """
    names, wildcard = ctx.render(namespaces) or [], ctx.render(pattern)
    if names and wildcard:
        raise TaskError(
            "Properties `namespaces` and `namespacePattern` can't be used at the same time — "
            "use one or the other.",
            retryable=False,
        )
    known = ctx.executions.namespaces()
    if wildcard:
        return [each for each in known if wildcard_matches(each, wildcard)]
    if not names:
        return list(known)
    below = tuple(f"{name}." for name in names) if ctx.render(with_children) else ()
    found = [each for each in known if each in names or each.startswith(below)]
    return [*found, *(name for name in names if name not in found)]


def wildcard_matches(text: str, pattern: str) -> bool:
    """Tell whether a whole text fits a pattern of `*` (any characters) and `?` (any one)."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    parts = (wild.get(character) or re.escape(character) for character in pattern)
    # `.*.*` means no more than `.*`, and takes far longer to refuse a text.
    return re.compile(re.sub(r"(?:\.\*)+", ".*", "".join(parts)), re.DOTALL)


def moment_of(text: str) -> datetime:
    """Return the moment that an ISO-8601 text names; in UTC when it names no zone.

    Raises:
        TaskError: it names none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TaskError(f"{text!r} is no date; write 2024-01-31T08:30:00Z", retryable=False) from (
            error
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
