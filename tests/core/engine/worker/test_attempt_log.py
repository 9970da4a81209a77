"""Whatever a task says: bounded rows, bounded memory, and every line somewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from probe import Engine, TaskError

from tiercel import Settings, State
from tiercel.errors import StorageError
from tiercel.repository.memory import MemoryRepository
from tiercel.storage.memory import MemoryStorage

LINES = 1000
CHARACTERS = 2000


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine that keeps a thousand lines of an attempt, of two thousand characters each."""
    engine = Engine(
        settings=Settings(home=tmp_path, inline_limit=CHARACTERS, log_lines=LINES),
        repository=MemoryRepository(),
        storage=MemoryStorage(),
    )
    with engine.tiercel:
        yield engine


@pytest.fixture
def say(engine: Engine) -> Callable[..., list[str]]:
    """Run a task that logs messages, and return those that are in the database."""

    def run(*messages: str, error: str | None = None) -> list[str]:
        def speak(ctx: Any) -> None:
            for message in messages:
                ctx.log("INFO", message)
            if error is not None:
                raise TaskError(error)

        engine.on(speak)
        return engine.messages(engine.run("speak"))

    return run


def file_of(engine: Engine, note: str) -> list[str]:
    """Return the messages in the file that a line names."""
    with engine.tiercel.files.open(note.removeprefix("Log file: ")) as file:
        return [line.split(" INFO  ")[1].rstrip("\n") for line in file.read().decode().splitlines()]


def test_lines_beyond_the_limit_go_to_a_file(engine: Engine, say: Any) -> None:
    numbers = [str(number) for number in range(LINES * 3)]
    lines = say(*numbers)
    assert lines[:LINES] == numbers[:LINES]
    assert lines[LINES] == "The log goes on in a file, after 1000 lines"
    assert len(lines) == LINES + 2
    assert file_of(engine, lines[-1]) == numbers[LINES:]


def test_as_many_lines_as_are_allowed_need_no_file(say: Any) -> None:
    assert len(say(*["x"] * (LINES - 1))) == LINES - 1


def test_many_long_lines_are_too_many_sooner(say: Any) -> None:
    lines = say(*["x" * CHARACTERS] * LINES)
    assert len(lines) == 64 + 2
    assert lines[-2] == "The log goes on in a file, after 64 lines"


def test_why_a_task_failed_is_in_the_database_in_any_case(say: Any) -> None:
    lines = say(*["x"] * LINES * 2, error="Enough")
    assert len(lines) == LINES + 3
    assert lines[-2] == "Enough"


@pytest.fixture
def full_disk(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be stored any more."""

    def refuse(*_: object) -> None:
        raise StorageError("The disk is full")

    monkeypatch.setattr(engine.tiercel.storage, "create", refuse)


@pytest.mark.usefixtures("full_disk")
def test_a_log_file_that_cannot_be_written_costs_lines_and_nothing_else(say: Any) -> None:
    lines = say(*["x"] * LINES * 2)
    assert lines[-1] == "Lines of the log are lost: The disk is full"
    assert len(lines) == LINES + 2


@pytest.mark.usefixtures("full_disk")
def test_a_task_that_logs_to_a_file_does_not_fail_because_of_it(engine: Engine) -> None:

    @engine.on
    def speak(ctx: Any) -> None:
        ctx.log("INFO", "x")

    execution = engine.run("speak", options=", logToFile: true")
    assert execution.state is State.SUCCESS
    assert engine.messages(execution) == ["Lines of the log are lost: The disk is full"]


def test_a_message_that_is_too_long_is_in_a_file(engine: Engine, say: Any) -> None:
    message = "ü" * 100_000
    (line,) = say(message)
    head, _, note = line.partition("… (90000 more characters; all of it is in ")
    assert head == message[:10_000]
    assert note.endswith("/attempt-1.message-1.txt)")
    with engine.tiercel.files.open(note.removesuffix(")")) as file:
        assert file.read().decode() == message


def test_very_many_such_messages_have_one_file_together(
    say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel.engine.worker.attempt_log._MOST_LINE_FILES", 3)
    lines = say(*["x" * 11_000] * 10)
    assert [" in kestra:///" in line for line in lines] == [True, True, True, False, False]
    assert lines[3] == "The log goes on in a file, after 3 lines"


@pytest.mark.usefixtures("full_disk")
def test_a_message_that_cannot_be_stored_is_cut(say: Any) -> None:
    (line,) = say("x" * 11_000)
    assert line.endswith("… (1000 more characters; they cannot be stored: The disk is full)")
