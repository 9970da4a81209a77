"""Runs one attempt of a task: context, time limit, outputs, failure. Never raises."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tiercel import _duration
from tiercel.engine.plain import plain
from tiercel.engine.services.spilling import spill
from tiercel.engine.wording import error_text
from tiercel.engine.worker.context import TaskContext
from tiercel.engine.worker.task_cache import run_cached
from tiercel.errors import StorageError, TaskError, TaskKilledError, TiercelError
from tiercel.executor.spi import Outcome
from tiercel.model.execution import State
from tiercel.plugin.task import Output
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from tiercel.engine.services.services import Services
    from tiercel.engine.worker.assignment import Assignment

__all__ = ["run_attempt"]

_LONGEST_ERROR = 10_000


def run_attempt(assignment: Assignment, services: Services) -> Outcome:
    """Run an attempt to its end and say how it went."""
    context = TaskContext(services, assignment)
    started = services.clock.now()
    assignment.begin(started, context.stop, context.lines.flush)
    try:
        state, outputs = run_cached(
            assignment, context, services, lambda: _run(assignment, context)
        )
        outputs = _stored(assignment, services, outputs)
    # A plugin's code: whatever it raises, and be it `sys.exit`, is the task's failure.
    except BaseException as error:
        return _failure(assignment, context, services, error)
    finally:
        context.close()
    lines, log_file = context.lines.close()
    return Outcome(
        state=state,
        started=started,
        ended=services.clock.now(),
        outputs=outputs,
        logs=lines,
        metrics=tuple(context.metrics),
        updates=context.updates,
        log_file=log_file,
    )


def _run(assignment: Assignment, context: TaskContext) -> tuple[State, Mapping[str, Any] | None]:
    limit = _timeout(assignment, context)
    timer = None
    if limit is not None:
        seconds = min(limit.total_seconds(), threading.TIMEOUT_MAX)
        timer = threading.Timer(seconds, assignment.time_out, (limit,))
        timer.daemon = True
        timer.start()
    try:
        if context.cancelled:
            raise TaskKilledError("Killed before it began")
        result = assignment.task.run(context)
        if isinstance(result, Coroutine):
            result = _await(result, context)
    finally:
        if timer is not None:
            timer.cancel()
    if assignment.stopped:
        raise TaskKilledError("Stopped")
    if result is None:
        return State.SUCCESS, None
    if not isinstance(result, Output):
        found = type(result).__name__
        raise TaskError(f"The task returned a {found}, not its Output", retryable=False)
    # An output that was not set is no output; one that was set to null is null.
    outputs = plain(result.model_dump(by_alias=True, exclude_none=True))
    return result.state() or State.SUCCESS, outputs


def _stored(
    assignment: Assignment, services: Services, outputs: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """Return outputs as they go to the database."""
    if not assignment.spills:
        return outputs
    return spill(
        outputs, services.inline_limit, lambda: services.files.create(_outputs_path(assignment))
    )


def _outputs_path(assignment: Assignment) -> str:
    execution = uris.execution_folder(
        assignment.namespace, assignment.flow_id, assignment.execution_id
    )
    run = f"{uris.outputs_folder(execution)}/{assignment.task_run.id}"
    return f"{run}/attempt-{assignment.attempt}.json"


def _timeout(assignment: Assignment, context: TaskContext) -> timedelta | None:
    text = assignment.task.timeout
    if text is None:
        return None
    rendered = context.render_text(text)
    try:
        return _duration.parse(rendered)
    except ValueError as error:
        raise TaskError(f"Invalid timeout {rendered!r}: {error}", retryable=False) from error


def _await(coroutine: Coroutine[Any, Any, Any], context: TaskContext) -> Any:
    """Run an `async` task in an event loop of its own; a kill cancels it."""
    import asyncio

    async def main() -> Any:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(coroutine)

        def stop() -> None:
            loop.call_soon_threadsafe(task.cancel)

        context.on_kill(stop)
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError as error:
        raise TaskKilledError("Stopped") from error


def _failure(
    assignment: Assignment, context: TaskContext, services: Services, error: BaseException
) -> Outcome:
    assert assignment.started is not None
    state, message = assignment.verdict()
    if assignment.stopped:
        context.lines.write("ERROR" if state is State.FAILED else "DEBUG", message, last=True)
    else:
        message = error_text(error)
        context.lines.write("ERROR", message, last=True)
        if not isinstance(error, TiercelError):
            context.log("DEBUG", "".join(traceback.format_exception(error)))
    outputs = None
    if isinstance(error, TaskError) and error.outputs:
        try:
            outputs = _stored(assignment, services, plain(error.outputs))
        except StorageError as unstorable:
            context.log("WARN", f"The outputs cannot be stored: {error_text(unstorable)}")
    lines, log_file = context.lines.close()
    return Outcome(
        state=state,
        started=assignment.started,
        ended=services.clock.now(),
        outputs=outputs,
        error=_short(context.masker.mask(message)),
        retryable=not isinstance(error, TaskError) or error.retryable,
        logs=lines,
        metrics=tuple(context.metrics),
        log_file=log_file,
    )


def _short(message: str) -> str:
    """Return the beginning of a reason; the log has all of it."""
    if len(message) <= _LONGEST_ERROR:
        return message
    return f"{message[:_LONGEST_ERROR]}… ({len(message) - _LONGEST_ERROR} more characters)"
