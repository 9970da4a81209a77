"""`logToFile`: log lines that go to a file instead of the log."""

from __future__ import annotations

import re

from tiercel import Settings, Tiercel
from tiercel.cli.show import execution_json
from tiercel.testing import run_task

LOG = "io.kestra.plugin.core.log.Log"
LINE = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+\+00:00 (\w+) +(.*)")


def run(**properties):
    """Run a task that logs to a file; return its result and the file's (level, message) pairs."""
    result = run_task({"logToFile": True, **properties}, secrets={"KEY": "s3cr3t"})
    (uri,) = [each.removeprefix("Log file: ") for each in result.messages("DEBUG")]
    lines = result.file(uri).decode().splitlines()
    return result, [LINE.fullmatch(line).groups() for line in lines]


def test_the_log_has_only_the_name_of_the_file():
    result, lines = run(type=LOG, message=["to file", "twice"], level="WARN")
    assert lines == [("WARN", "to file"), ("WARN", "twice")]
    assert len(result.logs) == 1
    assert result.messages("DEBUG")[0].endswith("/attempt-1.log")


def test_the_file_says_why_a_task_failed_and_hides_secrets():
    result, lines = run(
        type="io.kestra.plugin.core.execution.Fail", errorMessage="no {{ secret('KEY') }}"
    )
    assert result.state == "FAILED"
    assert lines == [("ERROR", "no ******")]


def test_a_task_that_says_nothing_has_no_file():
    task = {"type": LOG, "message": "x", "level": "DEBUG", "logLevel": "INFO", "logToFile": True}
    result = run_task(task)
    assert result.logs == ()
    assert result.files() == []


FLOW = """
id: talk
namespace: company.team
tasks:
  - {id: file, type: %s, message: "x", logToFile: true}
  - {id: fail, type: io.kestra.plugin.core.execution.Fail, logToFile: true, retry: {type: constant,
     interval: PT0.01S, maxAttempts: 2}}
errors:
  - {id: log, type: %s, message: "x"}
"""


def test_each_attempt_names_its_file(tmp_path):
    with Tiercel(settings=Settings(home=tmp_path), environ={}) as tiercel:
        execution = tiercel.run(FLOW % (LOG, LOG), timeout=20)
    runs = {each.task_id: each for each in execution.task_runs.values()}
    found = {
        task_id: [each.log_file and each.log_file.rpartition("/")[2] for each in run.attempts]
        for task_id, run in runs.items()
    }
    assert found == {
        "file": ["attempt-1.log"],
        "fail": ["attempt-1.log", "attempt-2.log"],
        "log": [None],
    }
    shown = {each["taskId"]: each["attempts"] for each in execution_json(execution)["taskRunList"]}
    assert shown["file"][0]["logFile"] == runs["file"].attempts[0].log_file
    assert "logFile" not in shown["log"][0]
