"""Doing something to executions that were chosen, and telling about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from tiercel.cli import exits
from tiercel.model.execution import State

if TYPE_CHECKING:
    from tiercel.cli.choice import Choice
    from tiercel.embed import Tiercel
    from tiercel.model.execution import Execution, TaskRun

__all__ = [
    "Action",
    "Result",
    "await_state",
    "chosen_revision",
    "each_of",
    "line",
    "list_them",
    "task_run_of",
]

_LOOK_EVERY = 0.1

Action = Callable[["Tiercel", str], str | None]
"""Does something to an execution by its id; returns the id of the one that goes on instead."""


@dataclass(frozen=True)
class Result:
    """Which executions something was done to, or go on instead; the exit code for refusals."""

    done: list[str]
    code: int


def each_of(engine: Tiercel, choice: Choice, chosen: Iterable[Execution], action: Action) -> Result:
    """Do something to each execution; a refusal stops the rest only when there is no other.

    Raises:
        TiercelError: the only execution was refused.
    """
    from tiercel.errors import TiercelError

    done, code = [], exits.OK
    for execution in chosen:
        try:
            done.append(action(engine, execution.id) or execution.id)
        except (TiercelError, click.ClickException) as error:
            if choice.one:
                raise
            text = error.format_message() if isinstance(error, click.ClickException) else str(error)
            click.echo(f"Error: {execution.id}: {text}", err=True)
            code = exits.FAILED
    return Result(done, code)


def list_them(chosen: Iterable[Execution]) -> int:
    """Write a line about each execution; return the exit code."""
    from tiercel.cli.show import execution_line

    for execution in chosen:
        click.echo(execution_line(execution))
    return exits.OK


def line(choice: Choice, execution_id: str, told: str) -> None:
    """Tell something about an execution; which one goes without saying when it is the only one."""
    click.echo(told if choice.one else f"{execution_id}  {told}")


def await_state(
    engine: Tiercel, execution_id: str, deadline: float, is_wanted: Callable[[State], bool]
) -> State:
    """Return the state that an execution is in, once it is the wanted one or it is too late."""
    while not is_wanted(state := engine.execution(execution_id).state):
        if time.monotonic() >= deadline:
            break
        time.sleep(_LOOK_EVERY)
    return state


def chosen_revision(
    engine: Tiercel, execution_id: str, revision: int | None, latest: bool
) -> int | None:
    """Return the revision of an execution's flow that a user asks for; None for no other one."""
    if not latest:
        return revision
    execution = engine.execution(execution_id)
    return engine.flow(execution.namespace, execution.flow_id).revision


def task_run_of(engine: Tiercel, execution_id: str, task_id: str, value: str | None) -> TaskRun:
    """Return the run of a task, of a round when there are several.

    Raises:
        Missing: there is none.
        click.UsageError: there are several, and `value` does not say which one.
    """
    runs = engine.execution(execution_id).task_runs.values()
    found = [each for each in runs if each.task_id == task_id and value in (None, each.value)]
    if not found:
        of = "" if value is None else f" with the value {value!r}"
        raise exits.Missing(f"Execution {execution_id!r} has no run of task {task_id!r}{of}")
    if len(found) > 1:
        rounds = ", ".join(sorted(str(each.value) for each in found)[:10])
        raise click.UsageError(
            f"Task {task_id!r} ran {len(found)} times; --value is one of {rounds}"
        )
    return found[0]
