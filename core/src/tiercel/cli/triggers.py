"""`tiercel triggers …`: what starts executions, turned on and off, and made up for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tiercel.cli import options
from tiercel.cli.group import HelpfulGroup
from tiercel.cli.text import clean, emit_json

if TYPE_CHECKING:
    from tiercel.engine.triggers.backfill import Backfill
    from tiercel.engine.triggers.triggers import TriggerState

__all__ = ["triggers"]

F = TypeVar("F", bound=Callable[..., Any])


def _moment(_context: click.Context, option: click.Parameter, text: str | None) -> datetime | None:
    """Read a date, with or without a time, in UTC unless it has an offset.

    Raises:
        click.BadParameter: it is none.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no date; write it like 2026-01-31T08:00:00Z"
        raise click.BadParameter(message, param=option) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _trigger(command: F) -> F:
    """Add the arguments that name a trigger."""
    for name in ("trigger", "flow", "namespace"):
        command = click.argument(name)(command)
    return command


@click.group(cls=HelpfulGroup)
def triggers() -> None:
    """List the triggers of deployed flows, turn them on and off, make up for their dates.

    A running `tiercel daemon` on the same home folder follows at once.
    """


@triggers.command("list")
@click.option("-n", "--namespace", help="Only those of this namespace.")
@click.option("-f", "--flow", help="Only those of this flow.")
@options.as_json
@options.home
def list_triggers(
    namespace: str | None, flow: str | None, as_json: bool, home: Path | None
) -> None:
    """List triggers with their next dates.

    \b
    Example:
      tiercel triggers list --namespace company.team
    """
    with options.open_engine(home) as engine:
        found = engine.triggers.list(namespace, flow)
    if as_json:
        emit_json([_json(each) for each in found])
        return
    for each in found:
        click.echo(clean(_line(each)))


@triggers.command()
@_trigger
@options.home
def enable(namespace: str, flow: str, trigger: str, home: Path | None) -> None:
    """Turn a trigger on; dates that passed while it was off are not made up for.

    \b
    Example:
      tiercel triggers enable company.team report daily
    """
    with options.open_engine(home) as engine:
        engine.triggers.get(namespace, flow, trigger).enable()


@triggers.command()
@_trigger
@options.home
def disable(namespace: str, flow: str, trigger: str, home: Path | None) -> None:
    """Turn a trigger off; executions that it started go on.

    \b
    Example:
      tiercel triggers disable company.team report daily
    """
    with options.open_engine(home) as engine:
        engine.triggers.get(namespace, flow, trigger).disable()


@triggers.command()
@_trigger
@click.option("--start", callback=_moment, required=True, metavar="DATE", help="From this date on.")
@click.option("--end", callback=_moment, metavar="DATE", help="Up to this date  [default: now]")
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    callback=options.pairs,
    metavar="KEY=VALUE",
    help="An input of the executions.",
)
@click.option(
    "-l",
    "--label",
    "labels",
    multiple=True,
    callback=options.pairs,
    metavar="KEY=VALUE",
    help="A label of the executions.",
)
@options.home
def backfill(  # noqa: PLR0913  # click passes each option as an argument
    namespace: str,
    flow: str,
    trigger: str,
    start: datetime,
    end: datetime | None,
    inputs: dict[str, str],
    labels: dict[str, str],
    home: Path | None,
) -> None:
    """Have a daemon start the executions of past dates, one after the other.

    \b
    Example:
      tiercel triggers backfill company.team report daily --start 2026-01-01 --label why=lost
    """
    with options.open_engine(home) as engine:
        handle = engine.triggers.get(namespace, flow, trigger)
        first = handle.backfill(start, end, inputs=inputs, labels=labels)
    click.echo(f"The first date is {first.current.isoformat()}", err=True)


@triggers.command("pause-backfill")
@_trigger
@options.home
def pause_backfill(namespace: str, flow: str, trigger: str, home: Path | None) -> None:
    """Have a trigger's backfill wait.

    \b
    Example:
      tiercel triggers pause-backfill company.team report daily
    """
    with options.open_engine(home) as engine:
        engine.triggers.get(namespace, flow, trigger).pause_backfill()


@triggers.command("resume-backfill")
@_trigger
@options.home
def resume_backfill(namespace: str, flow: str, trigger: str, home: Path | None) -> None:
    """Go on with a trigger's backfill.

    \b
    Example:
      tiercel triggers resume-backfill company.team report daily
    """
    with options.open_engine(home) as engine:
        engine.triggers.get(namespace, flow, trigger).resume_backfill()


@triggers.command("cancel-backfill")
@_trigger
@options.home
def cancel_backfill(namespace: str, flow: str, trigger: str, home: Path | None) -> None:
    """Forget the dates that are left of a trigger's backfill.

    \b
    Example:
      tiercel triggers cancel-backfill company.team report daily
    """
    with options.open_engine(home) as engine:
        engine.triggers.get(namespace, flow, trigger).cancel_backfill()


def _line(state: TriggerState) -> str:
    when = "off" if state.disabled else "waiting"
    if not state.disabled and state.next_date is not None:
        when = f"{state.next_date:%Y-%m-%d %H:%M:%S}"
    kind = state.type.rpartition(".")[2]
    notes = ""
    if state.execution_id is not None:
        notes += f"  running {state.execution_id}"
    if state.backfill is not None:
        held = "paused at" if state.backfill.paused else "at"
        notes += f"  backfill {held} {state.backfill.current:%Y-%m-%d %H:%M:%S}"
    return f"{when:<19}  {kind:<16} {state.namespace}.{state.flow_id} {state.id}{notes}"


def _json(state: TriggerState) -> dict[str, Any]:
    """Return a trigger in the shape of Kestra's API."""
    entry = {
        "namespace": state.namespace,
        "flowId": state.flow_id,
        "triggerId": state.id,
        "type": state.type,
        "disabled": state.disabled,
        "date": _iso(state.last_date),
        "nextExecutionDate": _iso(state.next_date),
        "executionId": state.execution_id,
        "backfill": _backfill(state.backfill) if state.backfill else None,
    }
    return {name: value for name, value in entry.items() if value is not None}


def _backfill(backfill: Backfill) -> dict[str, Any]:
    return {
        "start": _iso(backfill.start),
        "end": _iso(backfill.end),
        "currentDate": _iso(backfill.current),
        "paused": backfill.paused,
        "inputs": dict(backfill.inputs),
        "labels": [{"key": key, "value": value} for key, value in backfill.labels.items()],
    }


def _iso(date: datetime | None) -> str | None:
    return None if date is None else date.isoformat().replace("+00:00", "Z")
