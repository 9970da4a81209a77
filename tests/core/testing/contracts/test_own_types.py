"""Every type of the plugins in this repository keeps the contract of its kind."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tiercel.plugin.registry import Registry
from tiercel.testing import (
    FlowableContract,
    PollingTriggerContract,
    ScheduledTriggerContract,
    TaskContract,
    TaskDeclarationContract,
    TaskRunnerContract,
    TriggerContract,
)
from tiercel.testing.contracts._declaration import DeclarationTests

CORE = "io.kestra.plugin.core"
PROCESS = {"type": f"{CORE}.runner.Process", "killGracePeriod": "PT0.2S"}
REGISTRY = Registry()


def names(kind: str) -> list[str]:
    return [entry.name for entry in REGISTRY.canonical(kind)]


class TestEveryTask(TaskDeclarationContract):
    @pytest.fixture(params=names("task"))
    def task(self, request: pytest.FixtureRequest) -> Mapping[str, Any]:
        return {"type": request.param}


class TestEveryTrigger(TriggerContract):
    test_a_flow_may_have_it = None  # type: ignore[assignment]  # each needs properties of its own

    @pytest.fixture(params=names("trigger"))
    def trigger(self, request: pytest.FixtureRequest) -> Mapping[str, Any]:
        return {"type": request.param}


class TestEveryCondition(DeclarationTests):
    kind = "condition"

    @pytest.fixture(params=names("condition"))
    def written(self, request: pytest.FixtureRequest) -> Mapping[str, Any]:
        return {"type": request.param}


class TestEveryTaskRunner(DeclarationTests):
    kind = "task runner"

    @pytest.fixture(params=names("task runner"))
    def written(self, request: pytest.FixtureRequest) -> Mapping[str, Any]:
        return {"type": request.param}


ROWS = b"name,price\napple,1.20\npear,0.90\n"
ION = b'{name:"apple",price:1.20}\n{name:"pear",price:0.90}\n'
TASKS: dict[str, dict[str, Any]] = {
    f"{CORE}.log.Log": {"message": "Hello", "level": "DEBUG"},
    f"{CORE}.debug.Return": {"format": "Hello"},
    f"{CORE}.output.OutputValues": {"values": {"a": 1, "b": ["x"]}},
    f"{CORE}.kv.Set": {"key": "k", "value": "v", "kvType": "STRING", "overwrite": True},
    f"{CORE}.kv.Get": {"key": "known"},
    f"{CORE}.kv.GetKeys": {"prefix": "kn"},
    f"{CORE}.kv.Delete": {"key": "known"},
    f"{CORE}.storage.Concat": {
        "files": ["{{ files.rows }}", "{{ files.rows }}"],
        "extension": ".csv",
    },
    f"{CORE}.storage.Size": {"uri": "{{ files.rows }}"},
    f"{CORE}.storage.Reverse": {"from": "{{ files.rows }}", "separator": "\n"},
    f"{CORE}.storage.Split": {"from": "{{ files.rows }}", "rows": 1},
    f"{CORE}.storage.DeduplicateItems": {"from": "{{ files.ion }}", "expr": "{{ name }}"},
    f"{CORE}.storage.FilterItems": {"from": "{{ files.ion }}", "filterCondition": "{{ true }}"},
    f"{CORE}.storage.Write": {"content": "Hello", "extension": ".txt"},
    "io.kestra.plugin.serdes.csv.CsvToIon": {"from": "{{ files.rows }}", "header": True},
    "io.kestra.plugin.serdes.csv.IonToCsv": {"from": "{{ files.ion }}", "fieldSeparator": ";"},
    "io.kestra.plugin.serdes.json.IonToJson": {"from": "{{ files.ion }}", "charset": "UTF-8"},
    "io.kestra.plugin.scripts.shell.Commands": {"commands": ["echo Hello"], "taskRunner": PROCESS},
    "io.kestra.plugin.scripts.shell.Script": {"script": "echo Hello", "taskRunner": PROCESS},
}
ENDLESS = {
    "io.kestra.plugin.scripts.shell.Commands": {"commands": ["sleep 600"], "taskRunner": PROCESS},
    "io.kestra.plugin.scripts.shell.Script": {"script": "sleep 600", "taskRunner": PROCESS},
}


class TestTasksThatNeedNothing(TaskContract):
    files: ClassVar = {"rows": ROWS, "ion": ION}
    kv: ClassVar = {"known": "value"}

    @pytest.fixture(params=TASKS)
    def task(self, request: pytest.FixtureRequest) -> Mapping[str, Any]:
        return {"type": request.param, **TASKS[request.param]}

    @pytest.fixture
    def endless(self, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
        properties = ENDLESS.get(task["type"])
        return properties and {"type": task["type"], **properties}


step = FlowableContract.step
FLOWABLES: dict[str, dict[str, Any]] = {
    "Sequential": {"tasks": [step("a"), step("b"), step("c")]},
    "AllowFailure": {"tasks": [step("a"), step("b")]},
    "Parallel": {"tasks": [step("a"), step("b"), step("c")], "concurrent": 2},
    "Dag": {
        "tasks": [
            {"task": step("a")},
            {"task": step("b")},
            {"task": step("c"), "dependsOn": ["a", "b"]},
        ]
    },
    "If": {"condition": "{{ true }}", "then": [step("a"), step("b")], "else": [step("c")]},
    "Switch": {"value": "{{ 'x' }}", "cases": {"x": [step("a")]}, "defaults": [step("c")]},
    "ForEach": {"values": ["x", "y"], "concurrencyLimit": 2, "tasks": [step("a"), step("b")]},
    "EachSequential": {"value": ["x", "y"], "tasks": [step("a"), step("b")]},
    "EachParallel": {"value": ["x", "y"], "tasks": [step("a"), step("b")]},
    "Pause": {"pauseDuration": "PT1H"},
    "LoopUntil": {
        "condition": "{{ outputs.contract.iterationCount >= 2 }}",
        "tasks": [step("a")],
    },
    "Subflow": {"namespace": "company.team", "flowId": "sub", "wait": True},
    "ForEachItem": {
        "items": "{{ inputs.rows }}",
        "batch": {"rows": 1},
        "namespace": "company.team",
        "flowId": "sub",
    },
    "WorkingDirectory": {"tasks": [step("a"), step("b")]},
}


class TestFlowables(FlowableContract):
    files: ClassVar = {"rows": b"one\ntwo\n"}
    flows = (f"id: sub\nnamespace: company.team\ntasks: [{step('inner')}]",)
    runs = 20

    @pytest.fixture(params=FLOWABLES)
    def flowable(self, request: pytest.FixtureRequest) -> Mapping[str, Any]:
        return {"type": f"{CORE}.flow.{request.param}", **FLOWABLES[request.param]}


SCHEDULES: list[dict[str, Any]] = [
    {"type": f"{CORE}.trigger.Schedule", "cron": "*/15 * * * *"},
    {"type": f"{CORE}.trigger.Schedule", "cron": "0 9-17 * * 1-5", "timezone": "Europe/Paris"},
    {"type": f"{CORE}.trigger.Schedule", "cron": "30 2 * * *", "timezone": "America/New_York"},
    {
        "type": f"{CORE}.trigger.ScheduleOnDates",
        "timezone": "Asia/Tokyo",
        "dates": ["2024-03-01T10:00:00Z", "2024-01-05T00:00:00+09:00", "2024-01-06T12:00:00Z"],
    },
]


class TestSchedules(ScheduledTriggerContract):
    @pytest.fixture(params=SCHEDULES, ids=lambda each: each.get("cron", "dates"))
    def trigger(self, request: pytest.FixtureRequest) -> Mapping[str, Any]:
        properties: Mapping[str, Any] = request.param
        return properties


class TestQueries(PollingTriggerContract):
    finds_again = True

    @pytest.fixture
    def database(self, tmp_path: Path) -> Path:
        self._execute(tmp_path / "shop.db", "CREATE TABLE orders (id INTEGER)")
        return tmp_path / "shop.db"

    @pytest.fixture
    def trigger(self, database: Path) -> Mapping[str, Any]:
        return {
            "type": "io.kestra.plugin.jdbc.sqlite.Trigger",
            "url": f"jdbc:sqlite:{database}",
            "sql": "SELECT * FROM orders",
        }

    @pytest.fixture
    def occasion(self, database: Path) -> Callable[[], object]:
        return partial(self._execute, database, "INSERT INTO orders VALUES (1)")

    @staticmethod
    def _execute(database: Path, sql: str) -> None:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute(sql)
            connection.commit()


class TestQueriesThatMarkWhatTheyFound(TestQueries):
    finds_again = False

    @pytest.fixture
    def trigger(self, database: Path) -> Mapping[str, Any]:
        return {
            "type": "io.kestra.plugin.jdbc.sqlite.Trigger",
            "url": f"jdbc:sqlite:{database}",
            "sql": "SELECT * FROM orders WHERE id > 0",
            "afterSQL": "UPDATE orders SET id = 0",
        }


class TestScripts(PollingTriggerContract):
    @pytest.fixture
    def trigger(self, tmp_path: Path) -> Mapping[str, Any]:
        return {
            "type": "io.kestra.plugin.scripts.shell.ScriptTrigger",
            "taskRunner": PROCESS,
            "script": f"test -e {tmp_path}/ready",
            "exitCondition": "exit 0",
        }

    @pytest.fixture
    def occasion(self, tmp_path: Path) -> Callable[[], object]:
        return (tmp_path / "ready").touch


class TestProcesses(TaskRunnerContract):
    @pytest.fixture
    def runner(self) -> Mapping[str, Any]:
        return PROCESS
