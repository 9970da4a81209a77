"""Waiting for executions that this process runs, and telling how they ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli import exits
from tiercel.cli.text import emit_json
from tiercel.model.execution import Execution, State

if TYPE_CHECKING:
    from tiercel.embed import Tiercel

__all__ = ["await_children", "await_end", "interruptible", "tell"]

_LOOK_EVERY = 0.2
_CHILD_SECONDS = 10.0


def await_end(
    engine: Tiercel, execution_id: str, timeout: float | None, asked: list[int]
) -> tuple[Execution, int]:
    """Wait for an execution's end, killing it when the user or the time limit says so.

    When the flow's `retry` makes new executions, the last of them counts.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    code = None
    while not engine.driver.wait(execution_id, _patience(deadline)):
        if code is not None:
            continue
        if asked:
            code = exits.INTERRUPTED
        elif deadline is not None and time.monotonic() >= deadline:
            code = exits.TIMEOUT
            click.echo(f"Killing the execution: it took longer than {timeout:g} s", err=True)
        if code is not None:
            engine.kill(execution_id)
            deadline = None
    if code is not None:
        await_children(engine, execution_id)
    execution = engine.execution(execution_id)
    successor = engine.successor(execution)
    if successor is not None and code is None:
        left = None if deadline is None else max(deadline - time.monotonic(), 0)
        return await_end(engine, successor, left, asked)
    if code is None:
        ok = execution.state in (State.SUCCESS, State.WARNING)
        code = exits.OK if ok else exits.FAILED
    return execution, code


def await_children(engine: Tiercel, execution_id: str) -> None:
    """Wait for the executions that a killed one began, if this process runs them."""
    for child in list(engine.operations.descendants(execution_id)):
        engine.driver.wait(child.id, _CHILD_SECONDS)


def _patience(deadline: float | None) -> float:
    if deadline is None:
        return _LOOK_EVERY
    return max(min(_LOOK_EVERY, deadline - time.monotonic()), 0)


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Yield a list that a first Ctrl-C or SIGTERM is put into; a second one ends the process.

    What the process leaves then is durable, and can be resumed.
    """
    asked: list[int] = []

    def ask(number: int, _frame: Any) -> None:
        if asked:
            raise click.Abort
        asked.append(number)
        click.echo("Killing the execution; press Ctrl-C again to leave it for `resume`", err=True)

    before = {each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def tell(engine: Tiercel, execution: Execution, as_json: bool) -> None:
    """Write what became of an execution; the last line names its state."""
    if as_json:
        from tiercel.cli.show import execution_json

        emit_json(engine.hide(execution, execution_json(execution)))
        return
    if execution.outputs:
        emit_json(engine.hide(execution, engine.outputs(execution)), pretty=True)
    click.echo(f"Execution {execution.id}")
    click.echo(str(execution.state))
