"""Imported by the hooks, though a type is in it."""

from __future__ import annotations

from tiercel.plugin import Output, RunContext, Task


class Hasty(Task[Output]):
    """Do nothing."""

    def run(self, ctx: RunContext) -> None: ...
