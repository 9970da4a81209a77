"""Runs the golden flows: `run(folder)` yields one `CaseResult` for each.

Each case gets an engine of its own, in memory; the script cases and those that talk HTTP get the
golden data's own server on loopback.
"""

from __future__ import annotations

import importlib.util
import tempfile
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from case import CaseResult
from flow_match import differences, quotes_java
from flow_steps import play_steps
from known_flow_differences import known_flow_class

from tiercel import Registry, Settings, State, Tiercel
from tiercel.engine.loop.beginning import CORRELATION_ID
from tiercel.engine.loop.checks import verdict
from tiercel.engine.machine.again import REPLAY
from tiercel.errors import CheckError, InputError, TiercelError
from tiercel.model.execution import Execution, LogEntry
from tiercel.model.flow import Check
from tiercel.model.load import Report
from tiercel.repository.memory import MemoryRepository
from tiercel.storage.memory import MemoryStorage

__all__ = ["AREAS", "run"]

_HERE = Path(__file__).parent
_LIMIT = 30.0
AREAS = tuple(sorted(path.name for path in (_HERE / "flows").iterdir() if path.is_dir()))
"""The areas of the golden data that come with the repository."""


def run(folder: Path, only: str = "") -> Iterator[CaseResult]:
    """Yield the result of every case below `folder/flows`, or of one area."""
    for path in sorted((folder / "flows").glob("*/*.yaml")):
        if not only or path.parent.name == only:
            yield _run_case(path)


def _run_case(path: Path) -> CaseResult:
    area = path.parent.name
    text = path.read_text(encoding="utf-8")
    if "@HTTP@" in text:
        text = text.replace("@HTTP@", _http_server())
    case = yaml.safe_load(text)
    try:
        found = _differences(case)
    except Exception as error:  # whatever goes wrong is this case's failure, not the runner's
        found = [f"{type(error).__name__}: {error}"]
    name = f"{area}/{path.stem}"
    known = known_flow_class(name, case, found) if found else ""
    return CaseResult(
        area=area,
        id=name,
        ok=not found,
        expected=case["expect"],
        actual=found,
        known=known,
        subject=path.name,
    )


def _differences(case: dict[str, Any]) -> list[str]:
    expect = case["expect"]
    with Player(case) as player:
        reports = player.reports()
        found = _validation_differences(expect, reports)
        if case.get("validate_only") or found or not expect.get("valid", True):
            return found
        player.prepare()
        if "steps" in case:
            return play_steps(player.tiercel, case, player.flat)
        return player.play(expect)


def _validation_differences(expect: dict[str, Any], reports: list[Report]) -> list[str]:
    """Every golden constraint must be among ours; ours may list more of them."""
    found = []
    valid = all(report.flow is not None for report in reports)
    if valid != expect.get("valid", True):
        problems = [str(each) for report in reports for each in report.problems]
        found.append(f"valid: expected {expect.get('valid', True)}, got {valid}: {problems}")
    for wanted, report in zip(expect.get("validation", ()), reports, strict=False):
        ours = {
            "constraints": report.constraints,
            "warnings": [each.message for each in report.warnings],
            "deprecations": list(report.deprecations),
            "infos": list(report.infos),
            "saveError": report.constraints,
        }
        for key, texts in wanted.items():
            for text in texts if isinstance(texts, list) else ():
                if isinstance(text, str) and not _among(text, ours.get(key, [])):
                    found.append(f"{key}: expected {text!r}, got {ours.get(key)}")
    return found


def _among(text: str, ours: list[str]) -> bool:
    """Tell whether a golden text is among ours; Java's own words ask for any problem at all."""
    return any(text in each for each in ours) or (quotes_java(text) and bool(ours))


class Player:
    """Sets an engine up as a case asks for, and plays the case on it."""

    def __init__(self, case: dict[str, Any]) -> None:
        self._case = case
        self._scratch = tempfile.TemporaryDirectory(prefix="tiercel-golden-")
        self.tiercel = Tiercel(
            settings=Settings(
                home=Path(self._scratch.name),
                variables={"site": "golden", "depth": {"level": 2}},
                url="http://tiercel.test/",
            ),
            repository=MemoryRepository(),
            storage=MemoryStorage(),
            registry=_registry(),
            environ={"SECRET_API_KEY": "Z29sZGVuLXNlY3JldA==", "ENV_STAGE": "test"},
        )

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.tiercel.close()
        self._scratch.cleanup()

    def reports(self) -> list[Report]:
        """Examine every flow of the case."""
        return [self.tiercel.examine(each) for each in self._case["flows"]]

    def prepare(self) -> None:
        """Save the flows, and put keys and files where the case wants them."""
        tiercel = self.tiercel
        for source in self._case["flows"]:
            tiercel.save_flow(tiercel.load_flow(source))
        setup = self._case.get("setup", {})
        for namespace, values in setup.get("kv", {}).items():
            for key, value in values.items():
                tiercel.services.kv_store(namespace).set(key, value)
        for namespace, files in setup.get("namespaceFiles", {}).items():
            folder = namespace.replace(".", "/") + "/_files"
            for name, content in files.items():
                with tiercel.files.create(f"{folder}/{name.lstrip('/')}") as writer:
                    writer.write(content.encode())

    def play(self, expect: dict[str, Any]) -> list[str]:
        """Execute the first flow and compare."""
        case = self._case
        try:
            flow = self.tiercel.load_flow(case["flows"][0])
            inputs = {**case.get("inputs", {}), **self._files(case.get("files", {}))}
            execution_id = self.tiercel.start(flow, inputs, case.get("labels"))
            execution = self.tiercel.wait(execution_id, _LIMIT)
        except CheckError as error:
            return differences(_expected(expect), {"tasks": [], **_flat_checks(error.failed)})
        except (InputError, TiercelError) as error:
            return _refusal_differences(expect, error)
        if "error" in expect:
            return [f"error: expected {expect['error']}, got {execution.state}"]
        failed = self.tiercel.failed_checks(flow, execution.inputs)
        return differences(_expected(expect), {**self.flat(execution), **_flat_checks(failed)})

    def _files(self, files: dict[str, Any]) -> dict[str, Path]:
        paths = {}
        for name, file in files.items():
            given = file if isinstance(file, dict) else {"name": f"{name}.txt", "content": file}
            path = Path(self._scratch.name) / "given" / given["name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(given["content"], encoding="utf-8")
            paths[name] = path
        return paths

    def flat(self, execution: Execution) -> dict[str, Any]:
        """Return an execution as the golden data write one."""
        flat: dict[str, Any] = {
            "state": str(execution.state),
            "states": [str(state) for state in execution.history.states],
            "flow": execution.flow_id,
            "original": execution.original_id,
            "parent_execution": execution.parent_id,
            "tasks": [_flat_task(execution, each) for each in execution.task_runs.values()],
            "logs": [
                _flat_log(execution, each)
                for each in self.tiercel.logs(execution.id)
                if each.level in ("INFO", "WARN", "ERROR")
            ],
        }
        states = execution.history.states
        again = states.count(State.RESTARTED) + states[-2:].count(State.PAUSED)
        again += self._repetitions(execution)
        if again:
            flat["attempt_number"] = 1 + again
        if execution.flow_revision > 1:
            flat["revision"] = execution.flow_revision
        for key in ("labels", "inputs", "outputs", "variables", "trigger"):
            value = getattr(execution, key)
            if value:
                flat[key] = dict(value)
        # The golden data leave out the id that related executions share.
        if not _without(flat.get("labels", {}), CORRELATION_ID):
            flat.pop("labels", None)
        return flat

    def _repetitions(self, execution: Execution) -> int:
        """Return how many executions this one repeats, one after the other."""
        count = 0
        while execution.parent_id and dict(execution.labels).get(REPLAY):
            repeated = self.tiercel.execution(execution.parent_id)
            # What goes on from a task run has the history of the other one: it counts as RESTARTED.
            count += execution.history.started != repeated.history.started
            execution = repeated
        return count


def _expected(expect: dict[str, Any]) -> dict[str, Any]:
    """Return what is expected of an execution."""
    return {key: value for key, value in expect.items() if key not in ("valid", "validation")}


def _without(labels: dict[str, str], name: str) -> dict[str, str]:
    labels.pop(name, None)
    return labels


def _flat_checks(failed: Sequence[Check]) -> dict[str, Any]:
    if not failed:
        return {}
    shown = [
        {"message": each.message, "behavior": str(each.behavior), "style": str(each.style)}
        for each in failed
    ]
    return {"failed_checks": shown, "check_behavior": str(verdict(failed))}


def _flat_task(execution: Execution, task_run: Any) -> dict[str, Any]:
    parent = execution.task_runs.get(task_run.parent_id) if task_run.parent_id else None
    return _without_none(
        {
            "id": task_run.task_id,
            "value": task_run.value,
            "iteration": task_run.iteration,
            "parent": parent and parent.task_id,
            "parent_value": parent and parent.value,
            "state": str(task_run.state),
            "states": [str(state) for state in task_run.history.states],
            "attempts": [str(each.state) for each in task_run.attempts] or None,
            "outputs": task_run.outputs or None,
        }
    )


def _flat_log(execution: Execution, line: LogEntry) -> dict[str, Any]:
    task_run = execution.task_runs.get(line.task_run_id) if line.task_run_id else None
    return _without_none(
        {
            "level": line.level,
            "task": line.task_id,
            "value": task_run and task_run.value,
            "message": line.message,
        }
    )


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _refusal_differences(expect: dict[str, Any], error: Exception) -> list[str]:
    """A refused execution must be expected; its message names the input or the value."""
    if "error" not in expect:
        return [f"refused: {type(error).__name__}: {error}"]
    wanted = expect["error"].get("message", "")
    if isinstance(wanted, str) and "Cause:" in wanted:
        subject = wanted.partition("Cause:")[0].strip()
        if subject not in str(error):
            return [f"error: expected {wanted!r}, got {str(error)!r}"]
    return []


@cache
def _registry() -> Registry:
    return Registry()


@cache
def _http_server() -> str:
    """Start the golden data's server on a free port; it ends with the process."""
    spec = importlib.util.spec_from_file_location(
        "golden_http_server", _HERE / "flows" / "http_server.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = ThreadingHTTPServer(("127.0.0.1", 0), module.Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
