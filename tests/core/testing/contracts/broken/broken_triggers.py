"""Triggers that each break one promise."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    ConditionContext,
    NotFoundError,
    Output,
    PollingTrigger,
    Property,
    RunContext,
    ScheduledTrigger,
)

HOUR = timedelta(hours=1)


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


class GoodSchedule(ScheduledTrigger):
    """Start an execution every hour."""

    def next_date(self, after: datetime, context: ConditionContext) -> datetime | None:
        return _hour(after) + HOUR

    def previous_date(self, before: datetime, context: ConditionContext) -> datetime | None:
        return _hour(before - timedelta(microseconds=1))


class Late(GoodSchedule):
    """Answer with the very date that it is asked about."""

    def next_date(self, after: datetime, context: ConditionContext) -> datetime | None:
        return _hour(after)


class Drifting(GoodSchedule):
    """Count from the moment that it is asked."""

    def next_date(self, after: datetime, context: ConditionContext) -> datetime | None:
        return after.astimezone(UTC) + HOUR


class Naive(GoodSchedule):
    """Have dates without an offset."""

    def next_date(self, after: datetime, context: ConditionContext) -> datetime | None:
        return (_hour(after) + HOUR).replace(tzinfo=None)


class Walled(GoodSchedule):
    """Look at the clock on the wall of whoever asks."""

    def next_date(self, after: datetime, context: ConditionContext) -> datetime | None:
        return after.replace(minute=0, second=0, microsecond=0) + HOUR


class Moody(GoodSchedule):
    """Ask chance."""

    def next_date(self, after: datetime, context: ConditionContext) -> datetime | None:
        random.random()
        return super().next_date(after, context)


class Telling(GoodSchedule):
    """Tell what is no JSON."""

    def date_variables(self, date: Any, previous: Any, following: Any) -> Mapping[str, Any]:
        return {"date": date, "odd": float("nan")}


class Breaking(GoodSchedule):
    """Tell what cannot be asked for."""

    def date_variables(self, date: Any, previous: Any, following: Any) -> Mapping[str, Any]:
        if previous is not None:
            raise ValueError("Broken")
        return {"date": date}


class Found(Output):
    """What was found."""

    files: list[str] = Field(default_factory=list)
    """Names."""


class GoodPoll(PollingTrigger):
    """Start an execution when there are new files."""

    output_type: ClassVar[type[Output] | None] = Found

    folder: Property[str]
    """Where."""

    def poll(self, ctx: RunContext) -> Output | None:
        store = ctx.kv()
        try:
            seen = store.get("seen")
        except NotFoundError:
            seen = []
        names = sorted(each.name for each in Path(ctx.render(self.folder)).glob("*"))
        store.set("seen", names)
        new = [name for name in names if name not in seen]
        return Found(files=new) if new else None


class Eager(GoodPoll):
    """Start an execution whatever there is."""

    def poll(self, ctx: RunContext) -> Output | None:
        return super().poll(ctx) or Found()


class Repeating(GoodPoll):
    """Find the same again and again."""

    def poll(self, ctx: RunContext) -> Output | None:
        names = sorted(each.name for each in Path(ctx.render(self.folder)).glob("*"))
        return Found(files=names) if names else None


class Undeclared(GoodPoll):
    """Say nothing of what it finds."""

    output_type: ClassVar[type[Output] | None] = None


class Chatty(GoodPoll):
    """Print where it looks."""

    def poll(self, ctx: RunContext) -> Output | None:
        print(ctx.render(self.folder))
        return super().poll(ctx)
