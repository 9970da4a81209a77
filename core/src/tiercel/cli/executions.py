"""`tiercel executions …` and `tiercel eval`: what happened, from the database alone."""

from __future__ import annotations

from pathlib import Path

import click

from tiercel.cli import operations, options
from tiercel.cli.group import HelpfulGroup
from tiercel.cli.text import clean, emit, emit_json
from tiercel.model.execution import State

__all__ = ["evaluate", "executions"]

_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")


@click.group(cls=HelpfulGroup)
def executions() -> None:
    """List and look at executions, restart, replay, stop and delete them."""


@executions.command("list")
@click.option("-n", "--namespace", help="Only those of this namespace.")
@click.option("-f", "--flow", "flow_id", help="Only those of this flow.")
@click.option(
    "-s",
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in State], case_sensitive=False),
    metavar="STATE",
    help="Only those in this state.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=25,
    show_default=True,
    help="At most so many, the newest.",
)
@options.as_json
@options.home
def list_executions(
    namespace: str | None,
    flow_id: str | None,
    states: tuple[str, ...],
    limit: int,
    as_json: bool,
    home: Path | None,
) -> None:
    """List executions, the newest first.

    \b
    Example:
      tiercel executions list --state FAILED --limit 5
    """
    from tiercel.cli.show import execution_json, execution_line
    from tiercel.repository.spi import ExecutionQuery

    with options.open_engine(home) as engine:
        query = ExecutionQuery(
            tenant=engine.tenant,
            namespace=namespace,
            flow_id=flow_id,
            states=frozenset(map(State, states)),
            limit=limit,
        )
        found = engine.executions(query)
        if as_json:
            emit_json([engine.hide(each, execution_json(each)) for each in found])
            return
    for each in found:
        click.echo(execution_line(each))


@executions.command()
@click.argument("execution_id", metavar="EXECUTION")
@options.as_json
@options.home
def show(execution_id: str, as_json: bool, home: Path | None) -> None:
    """Show an execution with its task runs.

    \b
    Example:
      tiercel executions show 4vqfQCbe1dpxhPAFZbzvFP --json
    """
    from tiercel.cli.show import execution_json, execution_text

    with options.open_engine(home) as engine:
        execution = engine.execution(execution_id)
        shown = engine.hide(execution, execution_json(execution))
        if as_json:
            emit_json(shown)
        else:
            click.echo(clean(engine.mask(execution_text(execution, shown["inputs"]))))


@executions.command()
@click.argument("execution_id", metavar="EXECUTION")
@click.option("-t", "--task", "task_id", help="Only those of this task.")
@click.option(
    "--level",
    type=click.Choice(_LEVELS, case_sensitive=False),
    default="TRACE",
    metavar="LEVEL",
    help="Only those of this level and above.",
)
@options.as_json
@options.home
def logs(
    execution_id: str, task_id: str | None, level: str, as_json: bool, home: Path | None
) -> None:
    """Write an execution's log.

    \b
    Example:
      tiercel executions logs 4vqfQCbe1dpxhPAFZbzvFP --level WARN
    """
    from tiercel.cli.show import log_json, log_text

    with options.open_engine(home) as engine:
        engine.execution(execution_id)
        lines = [
            each
            for each in engine.logs(execution_id, level=level)
            if task_id in (None, each.task_id)
        ]
        if as_json:
            emit_json(engine.mask([log_json(each) for each in lines]))
            return
        for line in lines:
            click.echo(engine.mask(log_text(line)))


@executions.command()
@click.argument("execution_id", metavar="EXECUTION")
@click.option("-t", "--task", "task_id", help="Only those of this task.")
@options.as_json
@options.home
def outputs(execution_id: str, task_id: str | None, as_json: bool, home: Path | None) -> None:
    """Write the outputs of an execution's tasks, and its own.

    \b
    Example:
      tiercel executions outputs 4vqfQCbe1dpxhPAFZbzvFP --task query
    """
    from tiercel.cli.show import ordered

    with options.open_engine(home) as engine:
        execution = engine.execution(execution_id)
        found = [
            {"taskId": each.task_id, "value": each.value, "outputs": engine.outputs(each)}
            for each in ordered(execution)
            if each.outputs is not None and task_id in (None, each.task_id)
        ]
        own = engine.outputs(execution)
        result = engine.hide(execution, {"outputs": own, "tasks": found})
    emit_json(result, pretty=not as_json)


for _command in operations.COMMANDS:
    executions.add_command(_command)


@click.command("eval")
@click.argument("execution_id", metavar="EXECUTION")
@click.argument("expression")
@click.option("--json", "as_json", is_flag=True, help="Write texts as JSON, too.")
@options.home
def evaluate(execution_id: str, expression: str, as_json: bool, home: Path | None) -> None:
    """Evaluate EXPRESSION on an execution's inputs, outputs and variables.

    Without braces the expression is put between them. Maps, lists, numbers and the like are
    written as JSON, a text as it is.

    \b
    Example:
      tiercel eval 4vqfQCbe1dpxhPAFZbzvFP "outputs.api.body | jq('.products[0]')"
    """
    has_braces = any(each in expression for each in ("{{", "{%", "{#"))
    template = expression if has_braces else "{{ " + expression + " }}"
    with options.open_engine(home) as engine:
        value = engine.value(execution_id, template)
    if isinstance(value, str) and not as_json:
        emit(value)
    else:
        emit_json(value, pretty=True)
