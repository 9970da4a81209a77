"""Several processes, and processes that die: nothing acknowledged is lost, nobody is locked out."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tiercel.plugin.spi import Execution, RepositoryError
from tiercel_sql.repository import SqlRepository
from tiercel_sql.sqlite import open_repository

# Writes transactions of one event, one task run, two log lines and a new header each, and says so
# after each commit.
WRITER = """
import sys
from datetime import UTC, datetime
from tiercel.plugin.spi import Execution, History, LogEntry, State, StoredEvent, TaskRun
from tiercel_sql.sqlite import open_repository

url, execution_id, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
repository = open_repository(url)
history = History.begin(State.CREATED, datetime(2026, 1, 1, tzinfo=UTC))
for number in range(1, count + 1):
    execution = Execution(
        execution_id, "company.team", "flow", 1, history, labels=(("n", str(number)),),
        sequence=number,
    )
    with repository.transaction() as unit:
        unit.append_events([StoredEvent(execution_id, number, "Happened", "{}")])
        unit.save_task_runs(execution_id, [TaskRun(f"r{number}", "t", history)])
        unit.append_logs([LogEntry(execution_id, history.started, "INFO", str(number))] * 2)
        unit.save_execution(execution)
    print(number, flush=True)
repository.close()
"""


@contextmanager
def writer(url: str, execution_id: str, count: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, execution_id, str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def acknowledged_before_the_kill(url: str, lines: int) -> int:
    """Run a writer, kill it after some commits, and return the last commit it told of."""
    with writer(url, "e1", 1_000_000) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split("\n")
    # What follows the last line break is the beginning of a number.
    return int(rest[-2]) if len(rest) > 1 else lines


@pytest.mark.parametrize("lines", [1, 7, 150, 400])
def test_a_killed_writer_loses_nothing_that_was_acknowledged(url: str, lines: int) -> None:
    acknowledged = acknowledged_before_the_kill(url, lines)
    repository = open_repository(url)
    count = len(repository.events("e1"))
    execution = repository.execution("e1")
    # The commit that was under way may have been finished, or not be there: never half.
    assert count in (acknowledged, acknowledged + 1)
    assert [event.sequence for event in repository.events("e1")] == list(range(1, count + 1))
    assert execution.sequence == len(execution.task_runs) == count
    assert dict(execution.labels)["n"] == str(count)
    assert len(repository.logs("e1")) == 2 * count
    repository.close()
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_database_of_a_killed_writer_can_be_written_on(
    url: str, repository: SqlRepository
) -> None:
    acknowledged_before_the_kill(url, 20)
    with repository.transaction() as unit:
        assert unit.send("e1", "Kill", "{}")
    with writer(url, "e2", 20) as process:
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(repository.events("e2")) == 20


def test_processes_that_write_at_once_all_succeed(url: str, repository: SqlRepository) -> None:
    with writer(url, "e1", 300) as one, writer(url, "e2", 300) as two:
        while one.poll() is None or two.poll() is None:
            for execution_id in ("e1", "e2"):
                # Reading in between: an event is never seen without its log lines.
                events = len(repository.events(execution_id))
                assert len(repository.logs(execution_id)) >= 2 * events
            assert one.stdout is not None
            one.stdout.readline()
        outputs = [process.communicate(timeout=60)[1] for process in (one, two)]
    assert outputs == ["", ""]
    assert [one.returncode, two.returncode] == [0, 0]
    assert [len(repository.events(e)) for e in ("e1", "e2")] == [300, 300]


def test_processes_that_create_one_database_all_succeed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    with writer(url, "a", 1) as a, writer(url, "b", 1) as b, writer(url, "c", 1) as c:
        errors = [process.communicate(timeout=60)[1] for process in (a, b, c)]
    assert errors == ["", "", ""]
    repository = open_repository(url)
    assert sorted(repository.unfinished()) == ["a", "b", "c"]
    repository.close()


def test_whoever_waits_too_long_is_told_what_for(url: str) -> None:
    holder, waiter = open_repository(url), open_repository(f"{url}?busy_timeout=0.05")
    with (
        holder.transaction(),
        pytest.raises(RepositoryError, match=r"locked; another process kept writing for 0\.05"),
        waiter.transaction(),
    ):
        pass
    assert waiter.unfinished() == []
    holder.close()
    waiter.close()


@pytest.fixture
def repository(url: str, make_execution: Callable[..., Execution]) -> Iterator[SqlRepository]:
    """A repository with the execution that `send` sends to."""
    repository = open_repository(url)
    with repository.transaction() as unit:
        unit.save_execution(make_execution("reached"))
    yield repository
    repository.close()


def send(repository: SqlRepository, *kinds: str, size: int = 2) -> None:
    with repository.transaction() as unit:
        for kind in kinds:
            assert unit.send("reached", kind, "x" * size)


def test_a_full_disk_takes_the_transaction_back_and_is_told(
    url: str, repository: SqlRepository
) -> None:
    send(repository, "kept")
    repository._database._writer.execute("PRAGMA max_page_count = 1")
    with pytest.raises(RepositoryError, match="full"):
        send(repository, "first", "second", size=1_000_000)
    repository._database._writer.execute("PRAGMA max_page_count = 1000000")
    send(repository, "later")
    with repository._database.reading() as session:
        assert session.all("SELECT kind FROM inbox") == [("kept",), ("later",)]


def test_the_log_is_copied_back_before_it_grows_large(url: str, repository: SqlRepository) -> None:
    log = Path(url.removeprefix("sqlite:///") + "-wal")
    sizes = []
    for _ in range(60):
        send(repository, "big", size=1_000_000)
        sizes.append(log.stat().st_size)
    assert max(sizes) < 40_000_000
    assert repository._database._commits < 60


def test_a_checkpoint_does_not_wait_for_another_process(
    url: str, repository: SqlRepository
) -> None:
    other = open_repository(url)
    repository._database._commits = 10_000_000 - 1
    with other.transaction():
        repository._database._checkpoint_now_and_then()
    assert repository._database._commits == 10_000_000
    repository._database._commits -= 1
    send(repository, "later")
    assert repository._database._commits == 0
    other.close()
