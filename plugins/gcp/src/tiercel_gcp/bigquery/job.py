"""What the tasks of BigQuery share: the client, and how a job is run, retried and cancelled.

Properties, defaults and labels are those of Kestra's `AbstractBigquery`.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import lru_cache
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter

from tiercel.plugin import Property, Retry, RunContext, TaskError, TaskKilledError
from tiercel_gcp.connection import GcpConnection, told

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, LoadJob, QueryJob

__all__ = ["BigQueryConnection", "duration", "labels", "partitioning", "table_id"]

JobT = TypeVar("JobT", bound="LoadJob | QueryJob")

_RETRY = {
    "type": "exponential",
    "interval": "PT5S",
    "maxInterval": "PT1H",
    "maxDuration": "PT15M",
    "maxAttempts": 10,
}
_LONGEST_LABEL = 63


class _JobFailedError(Exception):
    """A job ended in an error, or could not begin."""

    def __init__(self, errors: Sequence[Any]) -> None:
        self.errors = [error for error in errors if isinstance(error, dict)]
        super().__init__("; ".join(map(_text, self.errors)))


class BigQueryConnection(GcpConnection):
    """Where BigQuery is, who asks, and what is tried again."""

    location: Property[str] | None = None
    """Where the job runs, such as `EU`."""
    retry_auto: Retry | None = None
    """How a job that failed for one of the reasons below is tried again, within the attempt.

    By default up to ten times within a quarter of an hour, first after five seconds.
    """
    retry_reasons: Property[list[str]] = Property.of(
        [
            "rateLimitExceeded",
            "jobBackendError",
            "backendError",
            "internalError",
            "jobInternalError",
        ]
    )
    """The reasons of errors after which a job is tried again."""
    retry_messages: Property[list[str]] = Property.of(
        [
            "due to concurrent update",
            "Retrying the job may solve the problem",
            "Retrying may solve the problem",
        ]
    )
    """Parts of the messages of errors after which a job is tried again."""

    def bigquery(self, ctx: RunContext) -> Client:
        """Return a client for BigQuery.

        Raises:
            TaskError: there are no credentials, or nothing says which project is meant.
        """
        from google.cloud.bigquery import Client

        credentials, project = self.access(ctx)
        if not project:
            raise TaskError(
                "Unknown project: neither `projectId` nor the credentials name one", retryable=False
            )
        with told("Cannot connect to BigQuery"):
            return Client(project, credentials, location=ctx.render(self.location))

    def run_job(self, ctx: RunContext, begin: Callable[[], JobT], *, wait: bool = True) -> JobT:
        """Run a job to its end, again and again while its errors are passing ones.

        Args:
            ctx: what the task was given; killing the task cancels the job.
            begin: starts the job.
            wait: whether to wait for the end.

        Raises:
            TaskError: the job failed.
            TaskKilledError: the task is to stop.
        """
        policy = self.retry_auto or _default_retry()
        stopped = Event()
        ctx.on_kill(stopped.set)
        began, attempt = time.monotonic(), 1
        while True:
            try:
                return _attempt(ctx, begin, wait=wait)
            except _JobFailedError as error:
                delay = policy.delay(attempt, random.random())
                elapsed = timedelta(seconds=time.monotonic() - began)
                exhausted = attempt >= (policy.max_attempts or attempt + 1) or (
                    policy.max_duration is not None and elapsed + delay > policy.max_duration
                )
                if exhausted or not self._is_passing(ctx, error):
                    raise TaskError(f"BigQuery job failed: {error}") from error
                ctx.log("WARN", f"Retrying in {delay}, attempt {attempt} failed: {error}")
                if stopped.wait(delay.total_seconds()):
                    raise TaskKilledError("The job was stopped") from error
                attempt += 1

    def _is_passing(self, ctx: RunContext, failure: _JobFailedError) -> bool:
        reasons = ctx.render(self.retry_reasons)
        messages = [message.lower() for message in ctx.render(self.retry_messages)]
        return any(
            error.get("reason") in reasons
            or any(message in (error.get("message") or "").lower() for message in messages)
            for error in failure.errors
        )


@lru_cache(maxsize=1)
def _default_retry() -> Retry:
    retry: TypeAdapter[Retry] = TypeAdapter(Retry)
    return retry.validate_python(_RETRY)


def _attempt(ctx: RunContext, begin: Callable[[], JobT], *, wait: bool) -> JobT:
    from google.api_core.exceptions import GoogleAPICallError

    with told("Cannot run the job"):
        try:
            job = begin()
        except GoogleAPICallError as error:
            raise _JobFailedError(error.errors or [_described(error)]) from error
        ctx.log("DEBUG", f"Starting job '{job.job_id}'")
        if wait:
            ctx.on_kill(lambda: _cancel(ctx, job))
            future: Any = job  # whose base class has no types
            # Unlike `result` it fetches no rows.
            future.exception()
    if ctx.cancelled:
        raise TaskKilledError(f"Job {job.job_id} was cancelled")
    if job.error_result:
        raise _JobFailedError([job.error_result, *(job.errors or ())])
    return job


def _cancel(ctx: RunContext, job: LoadJob | QueryJob) -> None:
    try:
        with told(f"Failed to cancel BigQuery job '{job.job_id}'"):
            job.cancel()
    except TaskError as error:
        ctx.log("WARN", str(error))


def _described(error: Any) -> dict[str, Any]:
    return {"reason": getattr(error, "reason", None), "message": error.message}


def _text(error: dict[str, Any]) -> str:
    return f"{error.get('message')} ({error.get('reason')})"


def table_id(text: str, project: str) -> str:
    """Return a table's id in full; `text` is `dataset.table` or `project.dataset.table`.

    Raises:
        TaskError: it is neither.
    """
    parts = text.split(".")
    if len(parts) not in (2, 3) or not all(parts):
        raise TaskError(
            f"Invalid table name '{text}': expected 'dataset.table' or 'project.dataset.table'",
            retryable=False,
        )
    return ".".join(parts if len(parts) == 3 else [project, *parts])


def partitioning(kind: str, field: str | None) -> Any:
    """Return how a table is partitioned by time; None without a field."""
    from google.cloud.bigquery import TimePartitioning

    return field and TimePartitioning(type_=kind, field=field)


def duration(job: LoadJob | QueryJob) -> timedelta | None:
    """Return how long a job ran."""
    if not (job.started and job.ended):
        return None
    length: timedelta = job.ended - job.started
    return length


def labels(ctx: RunContext) -> dict[str, str]:
    """Return the labels that tell, in BigQuery, which execution a job belongs to.

    They are called as Kestra calls them, so that reports made for these go on working.
    """
    found = {
        "kestra_namespace": ctx.variables["flow"]["namespace"],
        "kestra_flow_id": ctx.variables["flow"]["id"],
        "kestra_execution_id": ctx.variables["execution"]["id"],
        "kestra_task_id": ctx.variables["task"]["id"],
    }
    return {
        name: re.sub(r"[^\w-]", "_", str(value).lower())[:_LONGEST_LABEL]
        for name, value in found.items()
    }
