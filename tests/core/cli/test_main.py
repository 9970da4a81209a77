from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import pytest

from tiercel.cli.main import cli

if TYPE_CHECKING:
    from conftest import Tiercel


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("command", list(commands(cli)), ids=" ".join)
def test_every_command_has_help_with_an_example(command: tuple[str, ...], tiercel: Tiercel) -> None:
    done = tiercel(*command, "--help")
    assert done.code == 0
    assert f"Example:\n    tiercel {' '.join(command)}" in done.out


def test_the_version_is_told(tiercel: Tiercel) -> None:
    assert re.fullmatch(r"tiercel \d+\.\d+\.\d+\n", tiercel("--version").out)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["runn"], "No such command 'runn'; did you mean 'run'?"),
        (["executions", "lst"], "No such command 'lst'; did you mean 'list'?"),
        (["plugins", "lists"], "No such command 'lists'; did you mean 'list'?"),
        (["xyz"], "No such command 'xyz'."),
        (["run", "flow.yaml", "--quiett"], "No such option '--quiett'"),
        (["run"], "Missing argument 'FILE'"),
    ],
)
def test_a_slip_is_a_usage_error_with_a_hint(words: list[str], hint: str, tiercel: Tiercel) -> None:
    done = tiercel(*words)
    assert hint in done.err
    assert (done.code, done.out) == (2, "")


def test_no_command_at_all_shows_the_help(tiercel: Tiercel) -> None:
    done = tiercel()
    assert (done.code, "Run a flow from a file" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "position", "completions"),
    [
        ("tiercel ex", 1, ["plain,executions"]),
        ("tiercel executions k", 2, ["plain,kill"]),
        ("tiercel run --inp", 2, ["plain,--input", "plain,--input-file"]),
        ("tiercel executions list --state KIL", 4, ["plain,killing", "plain,killed"]),
    ],
)
def test_shells_complete(
    words: str,
    position: int,
    completions: list[str],
    tiercel: Tiercel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["tiercel"])
    monkeypatch.setenv("_TIERCEL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(position))
    assert tiercel().out.splitlines() == completions
