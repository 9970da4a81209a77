"""`timeWindow`: within which time several things must come together.

Source: Kestra's documentation of the Flow trigger. Windows are cut on the clock of UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from tiercel.plugin import Duration, Model

__all__ = ["TimeWindow"]

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Type = Literal["DURATION_WINDOW", "SLIDING_WINDOW", "DAILY_TIME_DEADLINE", "DAILY_TIME_WINDOW"]
_ALLOWED = {
    "DURATION_WINDOW": {"window", "window_advance"},
    "SLIDING_WINDOW": {"window"},
    "DAILY_TIME_DEADLINE": {"deadline"},
    "DAILY_TIME_WINDOW": {"start_time", "end_time"},
}
_NAMES = {
    "window": "a window",
    "window_advance": "a window advance",
    "deadline": "a deadline",
    "start_time": "a start time",
    "end_time": "an end time",
}


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return time.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(
            f"Text {value[:80]!r} is no time of day; write it like '09:00:00'"
        ) from None


TimeOfDay = Annotated[
    time,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "format": "partial-time"}),
]
"""A time of day, in UTC unless it has an offset: `09:00:00`."""


class TimeWindow(Model):
    """A stretch of time, found anew for each moment."""

    type: _Type = "DURATION_WINDOW"
    """Windows of one length after the other; the time up to now; or a part of each day."""
    window: Duration | None = None
    """How long it is; a day by default. For DURATION_WINDOW and SLIDING_WINDOW."""
    window_advance: Duration | None = None
    """How long after midnight the first window of a day begins. For DURATION_WINDOW."""
    deadline: TimeOfDay | None = None
    """When it ends; it begins at midnight. For DAILY_TIME_DEADLINE."""
    start_time: TimeOfDay | None = None
    """When it begins. For DAILY_TIME_WINDOW."""
    end_time: TimeOfDay | None = None
    """When it ends. For DAILY_TIME_WINDOW."""

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        allowed = _ALLOWED[self.type]
        needed = allowed if self.type.startswith("DAILY") else set()
        for name, words in _NAMES.items():
            given = getattr(self, name) is not None
            if given and name not in allowed:
                raise ValueError(f"Time window of type `{self.type}` cannot have {words}.")
            if not given and name in needed:
                raise ValueError(f"Time window of type `{self.type}` must have {words}.")
        if self.window is not None and self.window <= timedelta(0):
            raise ValueError("A window must be longer than nothing")
        return self

    def around(self, at: datetime) -> tuple[datetime, datetime] | None:
        """Return begin and end of the window that a moment is in; None when it is in none."""
        window = self.window or _DAY
        match self.type:
            case "DURATION_WINDOW":
                begin = _begin(at, window, self.window_advance or timedelta(0))
                return begin, begin + window
            case "SLIDING_WINDOW":
                return at - window, at
            case "DAILY_TIME_DEADLINE":
                begin = _on_day(at, time(tzinfo=(self.deadline or time()).tzinfo))
                end = _on_day(at, self.deadline)
            case _:
                begin, end = _on_day(at, self.start_time), _on_day(at, self.end_time)
                if end < begin:  # over midnight
                    begin, end = (begin, end + _DAY) if at >= begin else (begin - _DAY, end)
        return (begin, end) if begin <= at <= end else None


def _begin(at: datetime, window: timedelta, advance: timedelta) -> datetime:
    """Return when the window around a moment begins, of windows one after the other.

    Those of a day at most begin anew each day; longer ones are counted from 1970.
    """
    anchor = _EPOCH + advance
    if window <= _DAY:
        anchor += (at - anchor) // _DAY * _DAY
    return anchor + (at - anchor) // window * window


def _on_day(at: datetime, clock: time | None) -> datetime:
    """Return the moment at which a clock shows a time on the day that it is there."""
    assert clock is not None
    zone = clock.tzinfo or UTC
    return datetime.combine(at.astimezone(zone).date(), clock.replace(tzinfo=zone))
