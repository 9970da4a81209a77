"""WorkingDirectory: one folder for several tasks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tiercel import FlowError, State

FOLDER = """
    - id: wd
      type: io.kestra.plugin.core.flow.WorkingDirectory
      {options}
      tasks:
        {tasks}
"""
SHELL = (
    "- {{id: {id}, type: io.kestra.plugin.scripts.shell.Commands, "
    "taskRunner: {{type: io.kestra.plugin.core.runner.Process}}, commands: ['{command}']}}"
)


def folder(*commands: str, options: str = "description: d") -> str:
    tasks = [SHELL.format(id=f"s{index}", command=each) for index, each in enumerate(commands)]
    return FOLDER.format(options=options, tasks="\n        ".join(tasks))


@pytest.fixture
def temporary(monkeypatch, tmp_path) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left_in(temporary: Path) -> list[str]:
    return [each.name for each in temporary.glob("tiercel-*")]


def read(tiercel, uri: str) -> bytes:
    with tiercel.files.open(uri) as file:
        return file.read()


def test_a_task_finds_what_the_one_before_wrote(play, runs, tiercel):
    options = "inputFiles: {in.txt: start}\n      outputFiles: [out.txt]"
    execution = play(folder("cat in.txt > mid.txt", "cat mid.txt > out.txt", options=options))
    assert execution.state is State.SUCCESS
    (uri,) = runs(execution)["wd"].outputs["outputFiles"].values()
    assert read(tiercel, uri) == b"start"


def test_nothing_is_left_of_the_folder(play, temporary, tiercel):
    assert play(folder("echo a > a.txt")).state is State.SUCCESS
    tiercel.close()
    assert left_in(temporary) == []


def test_nothing_is_left_of_the_folder_after_a_failure(play, temporary, tiercel, states):
    execution = play(folder("echo a > a.txt", "exit 3", "echo b"))
    assert states(execution) == {"wd": "FAILED", "s0": "SUCCESS", "s1": "FAILED"}
    tiercel.close()
    assert left_in(temporary) == []


def test_files_are_stored_even_when_a_task_failed(play, runs):
    execution = play(folder("echo a > log.txt; exit 3", options="outputFiles: ['*.txt']"))
    assert execution.state is State.FAILED
    assert list(runs(execution)["wd"].outputs["outputFiles"]) == ["log.txt"]


def test_input_files_that_cannot_be_written_fail_the_task(play, states, tiercel):
    execution = play(folder("echo a", options="inputFiles: {../x: a}"))
    assert states(execution) == {"wd": "FAILED"}
    assert "'../x'" in "".join(line.message for line in tiercel.logs(execution.id))


def test_its_steps_are_no_task_runs(play, runs):
    options = "inputFiles: {a: a}\n      outputFiles: [a]"
    execution = play(folder("true", options=options))
    assert set(runs(execution)) == {"wd", "s0"}


def test_cached_files_are_there_for_the_next_execution(play, runs, tiercel):
    options = "cache: {patterns: ['deps/**']}\n      outputFiles: [seen.txt]"
    command = "ls deps > seen.txt || true; mkdir -p deps; touch deps/d$(ls deps | wc -l)"
    for seen in (b"", b"d0\n", b"d0\nd1\n"):
        execution = play(folder(command, options=options))
        (uri,) = runs(execution)["wd"].outputs["outputFiles"].values()
        assert read(tiercel, uri) == seen


def test_an_outdated_cache_is_not_used(play, runs, tiercel):
    options = "cache: {patterns: [dep], ttl: PT0S}\n      outputFiles: [seen.txt]"
    for _ in range(2):
        execution = play(folder("ls dep > seen.txt || true; touch dep", options=options))
        (uri,) = runs(execution)["wd"].outputs["outputFiles"].values()
        assert read(tiercel, uri) == b""


def test_a_loop_has_a_folder_for_each_round(play, runs):
    inner = folder("test ! -e a; touch a").replace("\n", "\n    ")
    loop = "    - id: each\n      type: io.kestra.plugin.core.flow.ForEach\n      values: [1, 2]\n"
    execution = play(f"{loop}      tasks:{inner}")
    assert execution.state is State.SUCCESS
    assert {run.iteration for run in execution.task_runs.values() if run.task_id == "wd"} == {0, 1}


def test_a_kill_ends_its_tasks(tiercel, text_of, temporary):
    execution_id = tiercel.start(text_of(folder("touch here; sleep 60")))
    while not list(temporary.glob("tiercel-*/here")):
        assert not tiercel.driver.wait(execution_id, 0.01)
    tiercel.kill(execution_id)
    assert tiercel.wait(execution_id, 20).state is State.KILLED
    tiercel.close()
    assert left_in(temporary) == []


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (
            "- {id: a, type: io.kestra.plugin.core.flow.Sleep, duration: PT1S, "
            "workerGroup: {key: k}}",
            "Cannot set a Worker Group",
        ),
        (
            "- {id: a, type: io.kestra.plugin.core.execution.Labels, labels: {a: b}}",
            "Only runnable tasks",
        ),
    ],
)
def test_only_tasks_that_work_themselves_are_allowed(tiercel, text_of, task, reason):
    with pytest.raises(FlowError, match=reason):
        tiercel.load_flow(text_of(FOLDER.format(options="description: d", tasks=task)))
