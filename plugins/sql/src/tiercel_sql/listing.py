"""The statement that lists a page of executions, newest first.

Every kind of filter has an index in the order of the list, so a page costs the same among a
thousand executions and a million. Two kinds need help to be read in that order: several states
are several pages merged, and labels have a table of their own that leads to the executions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tiercel_sql.rows import micros
from tiercel_sql.tables import EXECUTION_COLUMNS

if TYPE_CHECKING:
    from tiercel.plugin.spi import ExecutionQuery

__all__ = ["Age", "page"]

Age = tuple[int, int]
"""When an execution started, in microseconds, and its number: its place in the list."""


class _Conditions:
    """Conditions of a statement with their parameters, in order."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self.parameters: list[Any] = []

    def add(self, text: str, *parameters: Any) -> None:
        self._texts.append(text)
        self.parameters += parameters

    def __str__(self) -> str:
        return " AND ".join(self._texts)


def page(query: ExecutionQuery, after: Age | None) -> tuple[str, list[Any]]:
    """Return statement and parameters of the page that follows the execution of age `after`."""
    states: list[str | None] = [*sorted(query.states)] or [None]
    parts = []
    parameters: list[Any] = []
    for state in states:
        text, values = _numbers(query, after, state)
        parts.append(f"SELECT * FROM ({text}) AS part")
        parameters += values
    numbers = " UNION ALL ".join(parts)
    statement = (
        f"SELECT {EXECUTION_COLUMNS} FROM ({numbers}) AS page "
        "JOIN executions e ON e.number = page.number "
        "JOIN execution_bodies b ON b.number = page.number "
        "ORDER BY page.started DESC, page.number DESC LIMIT ?"
    )
    return statement, [*parameters, query.limit]


def _numbers(query: ExecutionQuery, after: Age | None, state: str | None) -> tuple[str, list[Any]]:
    where = _Conditions()
    source, age = "executions e", "e"
    if query.labels:
        # CROSS JOIN tells SQLite to begin with the labels.
        source, age = "execution_labels l CROSS JOIN executions e", "l"
        _add_labels(where, query)
    else:
        where.add("e.tenant = ?", query.tenant)
    equals = {
        "namespace": query.namespace,
        "flow_id": query.flow_id,
        "parent_id": query.parent_id,
        "state": state,
    }
    for column, value in equals.items():
        if value is not None:
            where.add(f"e.{column} = ?", value)
    if query.started_after is not None:
        where.add(f"{age}.started >= ?", micros(query.started_after))
    if query.started_before is not None:
        where.add(f"{age}.started < ?", micros(query.started_before))
    if after is not None:
        where.add(f"({age}.started, {age}.number) < (?, ?)", *after)
    text = (
        f"SELECT {age}.started, {age}.number FROM {source} WHERE {where} "
        f"ORDER BY {age}.started DESC, {age}.number DESC LIMIT ?"
    )
    return text, [*where.parameters, query.limit]


def _add_labels(where: _Conditions, query: ExecutionQuery) -> None:
    (name, value), *others = query.labels
    where.add("l.tenant = ? AND l.name = ? AND l.value = ?", query.tenant, name, value)
    where.add("e.number = l.number")
    for other in others:
        where.add(
            "EXISTS (SELECT 1 FROM execution_labels x WHERE x.tenant = l.tenant AND x.name = ? "
            "AND x.value = ? AND x.started = l.started AND x.number = l.number)",
            *other,
        )
