"""What there is to tell of an execution, whatever it is told with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tiercel.plugin import Execution, Model, Property, RunContext, State

__all__ = ["ExecutionReport", "Report"]


@dataclass(frozen=True, slots=True)
class Report:
    """An execution, told.

    Attributes:
        execution: what is told of.
        duration: how long it took, or takes already: `00:01:02.345`.
        last_task: the task that ran last: of those that failed if the execution failed, of those
            that succeeded otherwise; None when there is none.
        failed_task: the same if it failed, None otherwise.
        link: where people see the execution; None when nobody knows.
        message: a text of the flow's author.
        fields: names and values of the flow's author.
    """

    execution: Execution
    duration: str
    last_task: str | None
    failed_task: str | None
    link: str | None
    message: str | None
    fields: dict[str, str]

    @property
    def state(self) -> str:
        """The execution's state."""
        return str(self.execution.state)

    @property
    def title(self) -> str:
        """Flow and state in one line."""
        return f"[{self.execution.namespace}] {self.execution.flow_id} ➛ {self.state}"

    @property
    def outcome(self) -> str:
        """How it went in one line, with Slack's marks around the task."""
        if self.failed_task:
            return f"Failed on task `{self.failed_task}` after {self.duration}"
        return f"Succeeded after {self.duration}"

    def facts(self) -> dict[str, str]:
        """Return what is told as a list, by title."""
        known = {
            "Namespace": self.execution.namespace,
            "Flow ID": self.execution.flow_id,
            "Execution ID": self.execution.id,
            "Execution Status": self.state,
            **self.fields,
            "Final task ID": self.last_task,
        }
        return {name: value for name, value in known.items() if value is not None}


class ExecutionReport(Model):
    """Which execution is told of, and what besides."""

    execution_id: Property[str] | None = None
    """The execution; the one that runs this task by default."""
    custom_fields: Property[dict[str, Any]] | None = None
    """Names and values to tell besides."""
    custom_message: Property[str] | None = None
    """A text to tell besides."""
    template_render_map: Property[dict[str, Any]] | None = None
    """Accepted for compatibility; what is told of the execution takes its place."""

    def report(self, ctx: RunContext) -> Report:
        """Return what there is to tell.

        Raises:
            NotFoundError: there is no such execution.
        """
        own = ctx.variables["execution"]["id"]
        found = ctx.executions.find(ctx.render(self.execution_id) or own)
        last, failed = _last_task(found)
        fields = ctx.render(self.custom_fields) or {}
        return Report(
            execution=found,
            duration=_duration(found),
            last_task=last,
            failed_task=failed,
            link=_link(ctx, found),
            message=ctx.render(self.custom_message),
            fields={name: str(value) for name, value in fields.items()},
        )


def _last_task(execution: Execution) -> tuple[str | None, str | None]:
    """Return the last task, and the same if it failed (Kestra: ExecutionService.executionMap)."""
    # While the execution runs, what it is about is what has ended so far, a failure above all.
    wanted = [State.FAILED, State.SUCCESS]
    if execution.state.is_terminal:
        wanted = [State.FAILED if execution.state is State.FAILED else State.SUCCESS]
    runs = sorted(execution.task_runs.values(), key=lambda run: run.history.started)
    for state in wanted:
        ended = [run.task_id for run in runs if run.state is state]
        if ended:
            return ended[-1], ended[-1] if state is State.FAILED else None
    return None, None


def _duration(execution: Execution) -> str:
    histories = [execution.history, *(run.history for run in execution.task_runs.values())]
    latest = max(history.entries[-1][1] for history in histories)
    return _clock((execution.history.ended or latest) - execution.history.started)


def _clock(length: timedelta) -> str:
    millis = length // timedelta(milliseconds=1)
    hours, rest = divmod(millis, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"


def _link(ctx: RunContext, execution: Execution) -> str | None:
    url = ctx.variables.get("kestra", {}).get("url")
    if not url:
        return None
    place = f"{execution.namespace}/{execution.flow_id}/{execution.id}"
    return f"{url.rstrip('/')}/ui/{execution.tenant}/executions/{place}"
