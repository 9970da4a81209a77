from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rpds import HashTrieMap

from tiercel.cli.progress import LiveTable, PlainLines, Quiet, watcher
from tiercel.model.execution import Execution, History, LogEntry, State, TaskRun

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def task_run(number: int, *states: State, value: str | None = None) -> TaskRun:
    """Return a task run that entered a state every second."""
    history = History.begin(State.CREATED, AT)
    for second, state in enumerate(states, 1):
        history = history.then(state, AT + timedelta(seconds=second))
    return TaskRun(str(number), f"task{number}", history, value=value)


def execution(*runs: TaskRun, execution_id: str = "1", flow_id: str = "flow") -> Execution:
    made = Execution(
        id=execution_id,
        tenant="main",
        namespace="company.team",
        flow_id=flow_id,
        flow_revision=1,
        flow=None,
        history=History.begin(State.CREATED, AT).then(State.RUNNING, AT),
    )
    return replace(made, task_runs=HashTrieMap({run.id: run for run in runs}))


def line(message: str, level: str = "INFO") -> LogEntry:
    return LogEntry("1", AT, level, message, "1", "task1", 1)


def show(watch: PlainLines | LiveTable, shown: Execution, *lines: LogEntry) -> None:
    watch(shown, tuple(shown.task_runs), lines)


def drawn(table: LiveTable) -> str:
    """Return what the table shows, without colours."""
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=80, color_system=None).print(table._table())
    return out.getvalue()


def test_plain_lines_are_for_logs_and_changes(capsys: pytest.CaptureFixture[str]) -> None:
    watch = PlainLines()
    show(watch, execution(task_run(1, State.RUNNING)), line("hello"), line("no", "DEBUG"))
    done = execution(task_run(1, State.RUNNING, State.SUCCESS))
    show(watch, done)
    show(watch, done)
    assert capsys.readouterr().err.splitlines() == [
        "12:00:00.000 INFO  task1 | hello",
        "12:00:01.000 RUNNING task1",
        "12:00:02.000 SUCCESS task1 (2.000 s)",
    ]


def test_a_value_of_a_loop_stands_behind_its_task(capsys: pytest.CaptureFixture[str]) -> None:
    show(PlainLines(), execution(task_run(1, State.RUNNING, value="a\nb\x1b[2J" + "x" * 200)))
    (text,) = capsys.readouterr().err.splitlines()
    assert text.startswith("12:00:01.000 RUNNING task1 [a bxxx")
    assert text.endswith("x…]")


def test_a_second_line_of_a_message_cannot_pose_as_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(PlainLines(), execution(), line("a\n12:00:00.000 SUCCESS task1"))
    assert capsys.readouterr().err.splitlines()[1] == "    12:00:00.000 SUCCESS task1"


def test_the_table_has_states_durations_and_the_last_lines() -> None:
    table = LiveTable()
    assert drawn(table) == "Starting …\n"
    runs = [task_run(1, State.RUNNING, State.SUCCESS), task_run(2, State.RUNNING)]
    show(table, execution(*runs), *(line(f"line {number}") for number in range(20)))
    text = drawn(table)
    assert text.splitlines()[0].rstrip() == "company.team.flow 1 RUNNING"
    assert "task1  SUCCESS  2.000 s" in text
    assert "task2  RUNNING" in text
    assert ("line 11" in text, "line 12" in text, "line 19" in text) == (False, True, True)


def test_a_table_never_grows_beyond_the_screen() -> None:
    table = LiveTable()
    show(table, execution(*(task_run(number, State.SUCCESS) for number in range(100))))
    show(table, execution(*(task_run(number, State.RUNNING) for number in range(100, 105))))
    text = drawn(table)
    assert "… 85 more" in text
    assert len(text.splitlines()) == 23
    assert all(f"task{number} " in text for number in range(100, 105))


def test_executions_below_show_with_their_flow() -> None:
    table = LiveTable()
    show(table, execution(task_run(1, State.RUNNING)))
    show(table, execution(task_run(2, State.RUNNING), execution_id="2", flow_id="child"))
    text = drawn(table)
    assert "company.team.flow 1" in text.splitlines()[0]
    assert "child › task2" in text


def test_a_message_of_many_lines_shows_its_end() -> None:
    table = LiveTable()
    show(table, execution(), line("\n".join(f"part {number}" for number in range(50))))
    text = drawn(table)
    assert ("part 41" in text, "part 42" in text, "part 49" in text) == (False, True, True)


@pytest.mark.parametrize(
    ("quiet", "is_terminal", "term", "kind"),
    [
        (True, True, "xterm", Quiet),
        (False, False, "xterm", PlainLines),
        (False, True, "xterm", LiveTable),
        (False, True, "dumb", PlainLines),
    ],
)
def test_the_watcher_fits_where_standard_error_goes(
    quiet: bool, is_terminal: bool, term: str, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    assert type(watcher(quiet)) is kind
