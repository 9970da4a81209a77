"""`Backfill`: dates of the past that a trigger is asked to make up for.

It runs beside the schedule itself, one date after the other, and ends when there is none left.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tiercel._record import record, replace

if TYPE_CHECKING:
    from tiercel.engine.triggers.ticks import Dates

__all__ = ["Backfill"]

_MOMENT = timedelta(microseconds=1)


@record
class Backfill:
    """A backfill under way.

    Attributes:
        id: tells its executions from those of another backfill of the same dates.
        start: its first date is this one or later.
        end: its last date is this one or earlier.
        current: the date that comes next.
        paused: whether it waits for someone to go on with it.
        inputs: inputs of its executions beside the trigger's own, unrendered.
        labels: labels of its executions beside the trigger's own, unrendered.
    """

    id: str
    start: datetime
    end: datetime
    current: datetime
    paused: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Backfill:
        """Return what `dump` wrote."""
        data = json.loads(text)
        dates = {name: datetime.fromisoformat(data[name]) for name in _DATES}
        return cls(**{**data, **dates})

    def dump(self) -> str:
        """Return it as JSON text."""
        dates = {name: getattr(self, name).isoformat() for name in _DATES}
        plain = {name: getattr(self, name) for name in ("id", "paused", "inputs", "labels")}
        return json.dumps({**plain, **dates})

    def first(self, dates: Dates) -> Backfill | None:
        """Return it at its first date; None when there is none."""
        return self._at(dates.after(self.start - _MOMENT))

    def next(self, dates: Dates) -> Backfill | None:
        """Return it at the date after the current one; None when it is done."""
        return self._at(dates.after(self.current))

    def _at(self, date: datetime | None) -> Backfill | None:
        if date is None or date > self.end:
            return None
        return replace(self, current=date)


_DATES = ("start", "end", "current")
