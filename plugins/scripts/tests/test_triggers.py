"""Triggers that run a script until its exit code or its outputs are what is waited for."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tiercel import Registry, Tiercel
from tiercel.plugin import Output, RunContext, Task
from tiercel.testing import load_trigger, run_task
from tiercel_scripts import triggers

PROCESS = "io.kestra.plugin.core.runner.Process"
READY = """echo '::{"outputs": {"status": "ready", "rows": [1, true]}}::'"""


@pytest.fixture
def poll() -> Any:
    """Have a trigger look once; return what it found."""

    def look(kind: str, **properties: Any) -> Any:
        kind = f"io.kestra.plugin.scripts.{kind}"
        properties.setdefault("taskRunner", {"type": PROCESS})
        trigger: Any = load_trigger({"type": kind, **properties})
        found: list[Any] = []

        class Poll(Task[Output]):
            def run(self, ctx: RunContext) -> Output:
                found.append(trigger.poll(ctx))
                return Output()

        result = run_task(Poll(id="poll", type="com.example.Poll"))
        assert result.error is None
        return found[0]

    return look


@pytest.mark.parametrize(
    ("script", "condition", "starts"),
    [
        ("exit 3", "exit 3", True),
        ("exit 3", " EXIT  3 ", True),
        ("exit 3", "exit 1", False),
        ("true", "exit 0", True),
        (READY, "status=ready", True),
        (READY, r"rows=\[\d, true\]", True),
        (READY, "[1", True),
        (READY, "status=late", False),
        ("echo status=ready", "status=ready", False),
        (f"{READY}; exit 2", "ready", True),
    ],
)
def test_an_exit_code_or_printed_outputs_are_waited_for(poll, script, condition, starts):
    found = poll("shell.ScriptTrigger", script=script, exitCondition=condition)
    assert (found is not None) is starts


def test_an_execution_sees_what_was_found(poll):
    found = poll("shell.CommandsTrigger", commands=[READY, "exit 4"], exitCondition="exit 4")
    assert (found.exit_code, found.condition) == (4, "exit 4")
    assert found.vars == {"status": "ready", "rows": [1, True]}


def test_python_scripts_are_polled_too(poll):
    script = "import sys; sys.exit(7)"
    found = poll("python.ScriptTrigger", script=script, exitCondition="exit 7")
    assert found.exit_code == 7
    assert poll("python.ScriptTrigger", script=script) is None


FLOW = """
id: watch
namespace: company.team
tasks:
  - {{id: a, type: io.kestra.plugin.core.debug.Return, format: "{{{{ trigger.exitCode }}}}"}}
triggers:
  - id: t
    type: io.kestra.plugin.scripts.shell.CommandsTrigger
    taskRunner: {{type: io.kestra.plugin.core.runner.Process}}
    interval: PT1S
    exitCondition: exit 1
    edge: {edge}
    commands: ["echo x >> {file}; exit 1"]
"""


@pytest.mark.parametrize(("edge", "count"), [("true", 1), ("false", 2)])
def test_a_condition_that_goes_on_holding_starts_an_execution_once_or_each_time(
    tmp_path, edge, count
):
    file, pause = tmp_path / "polls", threading.Event()
    with Tiercel(environ={}) as tiercel:
        tiercel.save_flow(tiercel.load_flow(FLOW.format(edge=edge, file=file)))
        tiercel.triggers.start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not pause.wait(0.05):
            polls = file.read_text().count("x") if file.exists() else 0
            if polls >= 3 and len(list(tiercel.executions())) >= count:
                break
        found = list(tiercel.executions())
    assert len(found) == 1 if edge == "true" else len(found) >= count


@pytest.mark.parametrize("name", ["python", "shell", "node", "go", "ruby"])
@pytest.mark.parametrize("kind", ["Script", "Commands"])
def test_the_example_of_the_docs_is_valid(name, kind):
    cls = Registry().load("trigger", f"io.kestra.plugin.scripts.{name}.{kind}Trigger")
    with Tiercel() as tiercel:
        (trigger,) = tiercel.load_flow(cls.examples[0].code).triggers
    assert trigger.type == cls.type_name


def test_other_languages_have_no_triggers():
    with pytest.raises(AttributeError, match="has no attribute 'PerlScriptTrigger'"):
        _ = triggers.PerlScriptTrigger
