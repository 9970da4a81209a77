"""`tiercel executions …` and `tiercel eval`: what happened, from the database alone."""

from __future__ import annotations

import json
from pathlib import Path

import click

from tiercel.cli import options

__all__ = ["evaluate", "executions"]


@click.group()
def executions() -> None:
    """List and look at executions."""


@executions.command("list")
@click.option("-n", "--namespace", help="Only those of this namespace.")
@click.option("-f", "--flow", "flow_id", help="Only those of this flow.")
@click.option("-s", "--state", "states", multiple=True, help="Only those in this state.")
@click.option("--limit", default=25, show_default=True, help="At most so many, the newest.")
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
    """List executions, the newest first."""
    from tiercel.cli.show import execution_json
    from tiercel.model.execution import State
    from tiercel.repository.spi import ExecutionQuery

    try:
        wanted = frozenset(State(each.upper()) for each in states)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with options.open_engine(home) as engine:
        found = engine.executions(
            ExecutionQuery(
                tenant=engine.tenant,
                namespace=namespace,
                flow_id=flow_id,
                states=wanted,
                limit=limit,
            )
        )
        shown = [engine.hide(each, execution_json(each)) for each in found] if as_json else None
    if shown is not None:
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    for each in found:
        click.echo(
            f"{each.id}  {each.state:<9} {each.history.started:%Y-%m-%d %H:%M:%S}  "
            f"{each.namespace}.{each.flow_id}"
        )


@executions.command()
@click.argument("execution_id", metavar="EXECUTION")
@options.as_json
@options.home
def show(execution_id: str, as_json: bool, home: Path | None) -> None:
    """Show an execution with its task runs."""
    from tiercel.cli.show import execution_json, ordered

    with options.open_engine(home) as engine:
        execution = engine.execution(execution_id)
        shown = engine.hide(execution, execution_json(execution)) if as_json else None
    if shown is not None:
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    click.echo(f"{execution.namespace}.{execution.flow_id} revision {execution.flow_revision}")
    click.echo(" → ".join(str(state) for state in execution.history.states))
    for task_run in ordered(execution):
        value = f" [{task_run.value}]" if task_run.value is not None else ""
        tries = f", {len(task_run.attempts)} attempts" if len(task_run.attempts) > 1 else ""
        click.echo(f"  {task_run.state:<9} {task_run.task_id}{value}{tries}")
        if task_run.error:
            click.echo(f"            {task_run.error.splitlines()[0]}")


@executions.command()
@click.argument("execution_id", metavar="EXECUTION")
@options.as_json
@options.home
def logs(execution_id: str, as_json: bool, home: Path | None) -> None:
    """Write an execution's log."""
    from tiercel.cli.progress import log_text
    from tiercel.cli.show import log_json

    with options.open_engine(home) as engine:
        engine.execution(execution_id)
        lines = engine.logs(execution_id)
    if as_json:
        click.echo(json.dumps([log_json(each) for each in lines], ensure_ascii=False))
        return
    for line in lines:
        click.echo(log_text(line))


@executions.command()
@click.argument("execution_id", metavar="EXECUTION")
@click.option("-t", "--task", "task_id", help="Only those of this task.")
@options.as_json
@options.home
def outputs(execution_id: str, task_id: str | None, as_json: bool, home: Path | None) -> None:
    """Write the outputs of an execution's tasks, and its own."""
    from tiercel.cli.show import ordered

    with options.open_engine(home) as engine:
        execution = engine.execution(execution_id)
        found = [
            {"taskId": each.task_id, "value": each.value, "outputs": each.outputs}
            for each in ordered(execution)
            if each.outputs is not None and task_id in (None, each.task_id)
        ]
        result = engine.hide(execution, {"outputs": execution.outputs, "tasks": found})
    indent = None if as_json else 2
    click.echo(json.dumps(result, ensure_ascii=False, indent=indent))


@executions.command()
@click.argument("execution_id", metavar="EXECUTION")
@options.home
def kill(execution_id: str, home: Path | None) -> None:
    """Stop an execution, whichever process runs it."""
    with options.open_engine(home) as engine:
        engine.kill(execution_id)


@click.command("eval")
@click.argument("execution_id", metavar="EXECUTION")
@click.argument("expression")
@options.home
def evaluate(execution_id: str, expression: str, home: Path | None) -> None:
    """Evaluate EXPRESSION on an execution's inputs, outputs and variables.

    Without braces the expression is put between them: `outputs.api.body | jq('.products')`.
    """
    template = expression if "{" in expression else "{{ " + expression + " }}"
    with options.open_engine(home) as engine:
        click.echo(engine.evaluate(execution_id, template))
