"""Names the broken types; that one of them is imported here is one of the breaks."""

from __future__ import annotations

import broken_eager

from tiercel.plugin import hookimpl

TASKS = (
    "Good BadSchema NoDocs NoPropertyDocs NoOutputDocs BadExample OtherExample TakesAnything "
    "NotDynamic LogsNothing Failing NotJson OtherOutput OtherMetric NoFile Changing OnlyOnce Raw "
    "Printing Deaf GoodFlowable Stuck StuckOnFailure Random Remembering Stranger Twice Proud"
)
TRIGGERS = (
    "GoodSchedule Late Drifting Naive Walled Moody Telling Breaking "
    "GoodPoll Eager Repeating Undeclared Chatty"
)
RUNNERS = (
    "GoodRunner Zero Negative Joined Buffered Blankless Strict Shell NoEnv Elsewhere Copying "
    "OnlyOnSuccess OpenInput Shared Immortal Orphaning Polite Absent Clipped"
)


def _named(names: str, module: str) -> dict[str, str]:
    return {f"broken.{name}": f"{module}:{name}" for name in names.split()}


@hookimpl
def register_tasks() -> dict[str, str]:
    return {**_named(TASKS, "broken_types"), "broken.Hasty": f"{broken_eager.__name__}:Hasty"}


@hookimpl
def register_triggers() -> dict[str, str]:
    return _named(TRIGGERS, "broken_triggers")


@hookimpl
def register_task_runners() -> dict[str, str]:
    return _named(RUNNERS, "broken_runners")
