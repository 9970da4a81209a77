"""The statement that lists a page of executions, newest first.

Every kind of filter has an index in the order of the list, so a page costs the same among a
thousand executions and a million. Two kinds need help to be read in that order: several states
are several pages merged, and labels have a table of their own that leads to the executions.

Of filters that are combined, one leads and the others are checked row by row. Which one leads is
found out by looking how many executions each has, up to a small number: a database without fresh
statistics would guess, and a wrong guess reads a million rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tiercel_sql.rows import micros
from tiercel_sql.tables import EXECUTION_COLUMNS

if TYPE_CHECKING:
    from tiercel.plugin.spi import ExecutionQuery

__all__ = ["Age", "Count", "page"]

Age = tuple[int, int]
"""When an execution started, in microseconds, and its number: its place in the list."""

Count = Callable[[str, list[Any]], int]
"""Runs a statement that answers one number."""

_MOST_COUNTED = 1_000
_LABEL = "l.tenant = ? AND l.name = ? AND l.value = ?"


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


class _Page:
    """The conditions of one query, and who leads."""

    def __init__(self, query: ExecutionQuery, after: Age | None, count: Count) -> None:
        self._query = query
        self._after = after
        self._count = count
        self._labels = list(query.labels)
        if len(self._labels) > 1:
            self._labels.sort(key=self._uses)
        places = {
            "namespace": query.namespace,
            "flow_id": query.flow_id,
            "parent_id": query.parent_id,
        }
        self._places = {column: value for column, value in places.items() if value is not None}
        self._states: list[str | None] = [*sorted(query.states)] or [None]
        # A column in an expression has no index: that is how one who must not lead is held back.
        self._place, self._state = "e.{} = ?", "e.state = ?"
        if self._labels or (self._places and query.states and not self._states_lead()):
            self._state = "e.state || '' = ?"
        elif self._places and query.states:
            self._place = "e.{} || '' = ?"

    def _uses(self, label: tuple[str, str]) -> int:
        return self._counted("execution_labels l", _LABEL, [self._query.tenant, *label])

    def _states_lead(self) -> bool:
        places = " AND ".join(f"e.{column} = ?" for column in self._places)
        tenant = self._query.tenant
        in_place = self._counted(
            "executions e", f"e.tenant = ? AND {places}", [tenant, *self._places.values()]
        )
        in_states = 0
        for state in self._states:
            in_states += self._counted(
                "executions e", "e.tenant = ? AND e.state = ?", [tenant, state]
            )
        return in_states < in_place

    def _counted(self, source: str, where: str, parameters: list[Any]) -> int:
        rows = f"SELECT 1 FROM {source} WHERE {where} LIMIT {_MOST_COUNTED}"
        return self._count(f"SELECT count(*) FROM ({rows}) AS counted", parameters)

    def numbers(self) -> tuple[str, list[Any]]:
        """Return a statement for the ages of the page's executions."""
        texts, parameters = [], []
        for state in self._states:
            text, values = self._in_state(state)
            texts.append(f"SELECT * FROM ({text}) AS part")
            parameters += values
        return " UNION ALL ".join(texts), parameters

    def _in_state(self, state: str | None) -> tuple[str, list[Any]]:
        query, where = self._query, _Conditions()
        source, age = "executions e", "e"
        if self._labels:
            # CROSS JOIN tells SQLite to begin with the labels.
            source, age = "execution_labels l CROSS JOIN executions e", "l"
            self._add_labels(where)
        else:
            where.add("e.tenant = ?", query.tenant)
        for column, value in self._places.items():
            where.add(self._place.format(column), value)
        if state is not None:
            where.add(self._state, state)
        if query.started_after is not None:
            where.add(f"{age}.started >= ?", micros(query.started_after))
        if query.started_before is not None:
            where.add(f"{age}.started < ?", micros(query.started_before))
        if self._after is not None:
            where.add(f"({age}.started, {age}.number) < (?, ?)", *self._after)
        text = (
            f"SELECT {age}.started, {age}.number FROM {source} WHERE {where} "
            f"ORDER BY {age}.started DESC, {age}.number DESC LIMIT ?"
        )
        return text, [*where.parameters, query.limit]

    def _add_labels(self, where: _Conditions) -> None:
        first, *others = self._labels
        where.add(_LABEL, self._query.tenant, *first)
        where.add("e.number = l.number")
        for other in others:
            where.add(
                "EXISTS (SELECT 1 FROM execution_labels x WHERE x.tenant = l.tenant "
                "AND x.name = ? AND x.value = ? AND x.started = l.started "
                "AND x.number = l.number)",
                *other,
            )


def page(query: ExecutionQuery, after: Age | None, count: Count) -> tuple[str, list[Any]]:
    """Return statement and parameters of the page that follows the execution of age `after`.

    `count` is only called when filters are combined.
    """
    numbers, parameters = _Page(query, after, count).numbers()
    statement = (
        f"SELECT {EXECUTION_COLUMNS} FROM ({numbers}) AS page "
        "JOIN executions e ON e.number = page.number "
        "JOIN execution_bodies b ON b.number = page.number "
        "ORDER BY page.started DESC, page.number DESC LIMIT ?"
    )
    return statement, [*parameters, query.limit]
