"""The command `tiercel`. Commands are imported when they are called, and no sooner."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn

import click

from tiercel.cli.group import HelpfulGroup

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["cli", "main"]

_COMMANDS = {
    "run": ("tiercel.cli.run:run", "Run a flow from a file, without a server."),
    "resume": ("tiercel.cli.run:resume", "Go on with executions that a crash interrupted."),
    "daemon": ("tiercel.cli.daemon:daemon", "Run the flows of a folder as their triggers say."),
    "dev": ("tiercel.cli.dev:dev", "Run a flow again as it and plugins change."),
    "triggers": ("tiercel.cli.triggers:triggers", "List, turn on and off, backfill triggers."),
    "executions": ("tiercel.cli.executions:executions", "List, show, restart, kill … executions."),
    "eval": ("tiercel.cli.executions:evaluate", "Evaluate an expression on an execution."),
    "check": ("tiercel.cli.check:check", "Check flows and the types of their expressions."),
    "flow": ("tiercel.cli.flow:flow", "Validate flows."),
    "test": ("tiercel.cli.test:test", "Run flow tests: *.test.yaml."),
    "lsp": ("tiercel.cli.lsp:lsp", "Serve an editor: diagnostics, completion, rename …"),
    "plugins": ("tiercel.cli.plugins:plugins", "List and describe plugins, begin a new one."),
    "schema": ("tiercel.cli.schema:schema", "Export the JSON Schema of flows."),
    "storage": ("tiercel.cli.storage:storage", "Look at files in internal storage."),
}
_OTHER_NAMES = {"plugin": "plugins"}


class LazyGroup(HelpfulGroup):
    """A group whose commands are only names until one is called.

    Commands of plugins come after the core's own, and only when a name is not one of those: the
    help of the core itself must not need any plugin.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the core's commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing it."""
        cmd_name = _OTHER_NAMES.get(cmd_name, cmd_name)
        if cmd_name in _COMMANDS:
            module, _, name = _COMMANDS[cmd_name][0].partition(":")
            return getattr(import_module(module), name)  # type: ignore[no-any-return]
        return _plugin_command(cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin with a text, without importing any."""
        from click.shell_completion import CompletionItem

        if not incomplete.startswith("-"):
            return [
                CompletionItem(name, help=text)
                for name, (_, text) in _COMMANDS.items()
                if name.startswith(incomplete)
            ]
        return super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands' names and short helps, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


def _plugin_command(name: str) -> click.Command | None:
    from tiercel.errors import UnknownTypeError
    from tiercel.plugin.registry import Registry

    try:
        command: click.Command = Registry().load("command", name)
    except UnknownTypeError:
        return None
    return command


def _version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        click.echo(f"tiercel {version('tiercel-core')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Run Kestra-compatible workflows: `tiercel run flow.yaml`."""
    # Half a surrogate pair, or a narrow encoding, is no reason to show nothing.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; the process ends with the exit code that says how it went."""
    from tiercel.cli import exits

    # Nearly all that a command makes lives until its end: looking for garbage seldom saves time.
    gc.set_threshold(100_000, 20, 100)

    try:
        code = cli.main(arguments, standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(exits.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read has seen enough; what is buffered must not fail once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(exits.FAILED)
    except Exception as error:
        sys.exit(exits.report(error))
    sys.exit(code if isinstance(code, int) else exits.OK)
