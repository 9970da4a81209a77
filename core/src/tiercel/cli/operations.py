"""`tiercel executions restart …`: what is done to executions, one or many."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli import exits, options
from tiercel.cli.acting import (
    Action,
    await_state,
    chosen_revision,
    each_of,
    line,
    list_them,
    task_run_of,
)
from tiercel.cli.choice import ENDED, OPEN, Choice, choosing
from tiercel.cli.ending import await_children, await_end, interruptible, tell
from tiercel.model.execution import State

if TYPE_CHECKING:
    from tiercel.embed import Tiercel

__all__ = ["COMMANDS"]

_KILL_SECONDS = 30.0
_PAUSE_SECONDS = 5.0
_ENDS = ("SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED")

quiet = click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
revision = click.option(
    "--revision", type=click.IntRange(min=1), help="With this revision of the flow."
)
latest = click.option("--latest", is_flag=True, help="With the newest revision of the flow.")
value = click.option("--value", help="The round of a loop that the task is to be of.")
inputs = click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    callback=options.pairs,
    metavar="KEY=VALUE",
    help="An input's value.",
)


# What goes on afterwards


@click.command()
@choosing((State.FAILED,))
@revision
@latest
@quiet
@options.as_json
@options.home
def restart(choice: Choice, revision: int | None, latest: bool, **how: Any) -> int:
    """Run again what failed in executions.

    What went well stays as it is; what comes after a failed task runs, too. With another revision
    of the flow, a new execution takes over what went well. Filters look for FAILED executions
    unless there is a --state.

    \b
    Example:
      tiercel executions restart 4vqfQCbe1dpxhPAFZbzvFP
      tiercel executions restart --flow etl --latest
    """

    def action(engine: Tiercel, execution_id: str) -> str:
        chosen = chosen_revision(engine, execution_id, revision, latest)
        return engine.operations.restart(execution_id, chosen)

    return _go_on(choice, action, **how)


@click.command()
@choosing()
@click.option("-t", "--task", "task_id", help="Only this task and what comes after it.")
@value
@inputs
@revision
@latest
@quiet
@options.as_json
@options.home
def replay(
    choice: Choice,
    task_id: str | None,
    value: str | None,
    inputs: dict[str, str],
    revision: int | None,
    latest: bool,
    **how: Any,
) -> int:
    """Repeat executions as new ones.

    With a task, only that one and what comes after it run: the new execution takes over what was
    before it, outputs and all.

    \b
    Example:
      tiercel executions replay 4vqfQCbe1dpxhPAFZbzvFP --input day=2024-02-29
      tiercel executions replay 4vqfQCbe1dpxhPAFZbzvFP --task load --latest
    """

    def action(engine: Tiercel, execution_id: str) -> str:
        run = task_run_of(engine, execution_id, task_id, value) if task_id else None
        return engine.operations.replay(
            execution_id,
            run.id if run else None,
            revision=chosen_revision(engine, execution_id, revision, latest),
            inputs=inputs or None,
        )

    return _go_on(choice, action, **how)


@click.command()
@choosing((State.PAUSED,))
@inputs
@click.option(
    "--to",
    "state",
    type=click.Choice(_ENDS, case_sensitive=False),
    metavar="STATE",
    help="What the paused task ends in  [default: SUCCESS]",
)
@quiet
@options.as_json
@options.home
def resume(choice: Choice, inputs: dict[str, str], state: str | None, **how: Any) -> int:
    """Let paused executions go on.

    Those that no other process runs go on here, and their end is waited for. Filters look for
    PAUSED executions unless there is a --state.

    \b
    Example:
      tiercel executions resume 4vqfQCbe1dpxhPAFZbzvFP --input approved=true
    """

    def action(engine: Tiercel, execution_id: str) -> None:
        end = State(state) if state else None
        engine.operations.resume(execution_id, inputs, state=end)

    return _go_on(choice, action, **how)


@click.command("force-run")
@choosing((State.QUEUED, State.PAUSED))
@quiet
@options.as_json
@options.home
def force_run(choice: Choice, **how: Any) -> int:
    """Let waiting executions run at once.

    They wait for a place among those that run, or for a person. Filters look for QUEUED and PAUSED
    executions unless there is a --state.

    \b
    Example:
      tiercel executions force-run 4vqfQCbe1dpxhPAFZbzvFP
    """
    return _go_on(choice, lambda engine, each: engine.operations.force_run(each), **how)


@click.command("change-state")
@choosing(ENDED)
@click.option(
    "--to",
    "state",
    type=click.Choice(_ENDS, case_sensitive=False),
    required=True,
    metavar="STATE",
    help="The new state.",
)
@click.option("-t", "--task", "task_id", help="Change this task, and go on from there.")
@value
@quiet
@options.as_json
@options.home
def change_state(
    choice: Choice, state: str, task_id: str | None, value: str | None, **how: Any
) -> int:
    """Give what has ended another state.

    Without a task it is the executions' own, and nothing runs. With one, they go on from there.

    \b
    Example:
      tiercel executions change-state 4vqfQCbe1dpxhPAFZbzvFP --to SUCCESS
      tiercel executions change-state 4vqfQCbe1dpxhPAFZbzvFP --task check --to WARNING
    """

    def action(engine: Tiercel, execution_id: str) -> None:
        if task_id is None:
            engine.operations.mark(execution_id, State(state))
        else:
            run = task_run_of(engine, execution_id, task_id, value)
            engine.operations.mark_task_run(execution_id, run.id, State(state))

    return _go_on(choice, action, ends_count=task_id is not None, **how)


def _go_on(
    choice: Choice,
    action: Action,
    *,
    quiet: bool,
    as_json: bool,
    home: Path | None,
    ends_count: bool = True,
) -> int:
    """Do something to executions, wait for those that this process runs then, and tell the ends.

    `ends_count` says whether the exit code tells how they ended.
    """
    from tiercel.cli.progress import watcher

    watch = watcher(quiet)
    with options.open_engine(home, listener=watch) as engine:
        chosen = choice.executions(engine)
        if choice.dry_run:
            return list_them(chosen)
        with watch, interruptible() as asked:
            result = each_of(engine, choice, chosen, action)
            ended = [await_end(engine, each, None, asked) for each in result.done]
        for execution, _ in ended:
            tell(engine, execution, as_json)
    codes = [code for execution, code in ended if ends_count and execution.done]
    return max([result.code, *codes])


# What is over at once


@click.command()
@choosing(OPEN)
@click.option("--wait/--no-wait", default=True, help="Wait until it has ended (default), or not.")
@options.home
def kill(choice: Choice, wait: bool, home: Path | None) -> int:
    """Stop executions and write how they end.

    It does not matter which process runs them. Filters look for those that have not ended unless
    there is a --state.

    \b
    Example:
      tiercel executions kill 4vqfQCbe1dpxhPAFZbzvFP
      tiercel executions kill --flow etl --label team=data
    """
    with options.open_engine(home) as engine:
        chosen = choice.executions(engine)
        if choice.dry_run:
            return list_them(chosen)
        if any(each.state.is_terminal for each in chosen):
            click.echo("The execution had ended already", err=True)
        result = each_of(engine, choice, chosen, lambda engine, each: engine.operations.kill(each))
        deadline = time.monotonic() + (_KILL_SECONDS if wait else 0)
        late = False
        for execution_id in result.done:
            state = await_state(engine, execution_id, deadline, lambda state: state.is_terminal)
            late = late or not state.is_terminal
            if wait:
                await_children(engine, execution_id)
            line(choice, execution_id, str(state))
    return exits.TIMEOUT if wait and late else result.code


@click.command()
@choosing((State.RUNNING,))
@options.home
def pause(choice: Choice, home: Path | None) -> int:
    """Hold executions until they are resumed.

    What runs comes to its end; nothing more begins. Filters look for RUNNING executions unless
    there is a --state.

    \b
    Example:
      tiercel executions pause 4vqfQCbe1dpxhPAFZbzvFP
    """
    with options.open_engine(home) as engine:
        chosen = choice.executions(engine)
        if choice.dry_run:
            return list_them(chosen)
        result = each_of(engine, choice, chosen, lambda engine, each: engine.operations.pause(each))
        deadline = time.monotonic() + _PAUSE_SECONDS
        for execution_id in result.done:
            state = await_state(engine, execution_id, deadline, lambda state: state != "RUNNING")
            line(choice, execution_id, str(state))
    return result.code


@click.command("set-labels")
@choosing()
@click.option(
    "--set",
    "labels",
    multiple=True,
    required=True,
    callback=options.pairs,
    metavar="KEY=VALUE",
    help="A label to set.",
)
@options.home
def set_labels(choice: Choice, labels: dict[str, str], home: Path | None) -> int:
    """Add or replace labels of executions.

    \b
    Example:
      tiercel executions set-labels --flow etl --state FAILED --set seen=yes
    """
    return _at_once(
        choice, home, "labelled", lambda engine, each: engine.operations.set_labels(each, labels)
    )


@click.command()
@choosing(ENDED)
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.home
def delete(choice: Choice, yes: bool, home: Path | None) -> int:
    """Delete executions with their logs and files.

    Only those that have ended can be deleted.

    \b
    Example:
      tiercel executions delete 4vqfQCbe1dpxhPAFZbzvFP --yes
      tiercel executions delete --flow etl --dry-run
    """
    if not (yes or choice.dry_run):
        what = f"execution {choice.ids[0]}" if choice.one else "all of these executions"
        click.confirm(f"Delete {what} for good?", abort=True, err=True)
    return _at_once(choice, home, "deleted", lambda engine, each: engine.operations.delete(each))


def _at_once(choice: Choice, home: Path | None, told: str, action: Action) -> int:
    with options.open_engine(home) as engine:
        chosen = choice.executions(engine)
        if choice.dry_run:
            return list_them(chosen)
        result = each_of(engine, choice, chosen, action)
    for execution_id in result.done:
        line(choice, execution_id, told)
    return result.code


COMMANDS = (restart, replay, resume, pause, force_run, kill, change_state, set_labels, delete)
