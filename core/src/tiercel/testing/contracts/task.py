"""What every task must do.

from tiercel.testing import TaskContract

class TestReverse(TaskContract):
    @pytest.fixture
    def task(self):
        return {"type": "com.acme.Reverse", "text": "abc"}      # one that succeeds
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tiercel.model.execution import State
from tiercel.plugin.task import Task
from tiercel.storage.memory import MemoryStorage
from tiercel.testing.contracts._declaration import DeclarationTests, Declared
from tiercel.testing.runner import RunningTask, TaskResult, run_task, start_task

if TYPE_CHECKING:
    from tiercel.plugin.registry import Registry

__all__ = ["TaskContract", "TaskDeclarationContract"]

_SECRET = "c0ntract-s3cret"
_GOOD = (State.SUCCESS, State.WARNING)


class TaskDeclarationContract(DeclarationTests):
    """Those tests for a task type that run nothing; a subclass gives a fixture `task`.

    All that they need of `task` is its `type`. They hold for flowable tasks, too.
    """

    kind: ClassVar[str] = "task"

    @pytest.fixture
    def written(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the flow says."""
        return task


class TaskContract(TaskDeclarationContract):
    """Tests for a `Task`; a subclass gives a fixture `task`: the properties of one that succeeds.

    A fixture `endless` may give those of one that goes on until it is stopped; without it, nothing
    is said about kills and time limits.
    """

    files: ClassVar[Mapping[str, bytes | str]] = {}
    """Content by name: `{{ files.name }}` in `task` is the URI of each."""
    kv: ClassVar[Mapping[str, Any]] = {}
    """Key-value pairs of the flow's namespace."""
    secrets: ClassVar[Mapping[str, str]] = {}
    """Secrets by name."""
    variables: ClassVar[Mapping[str, Any]] = {}
    """What expressions in `task` see beside what is there anyway."""
    patience: ClassVar[float] = 10
    """Seconds that the task may take to end once it is to stop."""

    @pytest.fixture
    def endless(self) -> Mapping[str, Any] | None:
        """Return the properties of a task that does not end by itself, if there is one."""
        return None

    # Once

    def test_it_succeeds(self, registry: Registry, task: Mapping[str, Any]) -> None:
        result = self._run(registry, task)
        assert result.state in _GOOD, f"It ends {result.state}: {result.error}"

    def test_outputs_come_back_from_json_as_they_were(
        self, registry: Registry, task: Mapping[str, Any]
    ) -> None:
        outputs = self._run(registry, task).outputs
        assert json.loads(json.dumps(outputs, allow_nan=False)) == outputs

    def test_outputs_are_those_that_it_declares(
        self, registry: Registry, task: Mapping[str, Any], declared: Declared
    ) -> None:
        schema = declared.facts["outputs"] or {}
        undeclared = set(self._run(registry, task).outputs) - set(schema.get("properties", {}))
        assert not undeclared or schema.get("additionalProperties"), (
            f"Its Output has no {sorted(undeclared)}"
        )

    def test_metrics_are_those_that_it_declares(
        self, registry: Registry, task: Mapping[str, Any], declared: Declared
    ) -> None:
        known = {(each["name"], each["kind"]) for each in declared.facts["metrics"]}
        reported = {(each.name, each.kind) for each in self._run(registry, task).metrics}
        assert reported <= known, f"`metrics` of the class lacks {sorted(reported - known)}"

    def test_files_among_its_outputs_are_stored(
        self, registry: Registry, task: Mapping[str, Any]
    ) -> None:
        result = self._run(registry, task)
        for uri in _texts(result.outputs):
            if uri.startswith("kestra://"):
                result.file(uri)

    def test_it_leaves_its_properties_as_they_were(
        self, registry: Registry, task: Mapping[str, Any]
    ) -> None:
        loaded = self._loaded(registry, task)
        before = json.dumps(loaded.model_dump(by_alias=True), default=str)
        self._run(registry, loaded)
        assert json.dumps(loaded.model_dump(by_alias=True), default=str) == before

    # Again

    def test_it_may_run_again_as_after_a_crash(
        self, registry: Registry, task: Mapping[str, Any]
    ) -> None:
        storage = MemoryStorage()
        results = [self._run(registry, task, storage=storage) for _ in range(2)]
        assert [each.state in _GOOD for each in results] == [True, True], results[1].error

    # Expressions and secrets

    def test_properties_given_by_expressions_do_the_same(
        self, registry: Registry, task: Mapping[str, Any], declared: Declared
    ) -> None:
        given, values = _by_expression(task, declared)
        result = self._run(registry, given, variables={"given": values})
        assert result.state in _GOOD, f"It ends {result.state}: {result.error}"
        plain, again = (self._run(registry, task).outputs for _ in range(2))
        assert set(result.outputs) == set(plain)
        if plain == again:  # it has no outputs that differ from run to run
            assert result.outputs == plain

    def test_secrets_are_told_nowhere(
        self,
        registry: Registry,
        task: Mapping[str, Any],
        declared: Declared,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        caplog.set_level(logging.DEBUG)
        secrets = {**self.secrets, "CONTRACT": _SECRET}
        for given in _with_secrets(task, declared):
            result = self._run(registry, given, secrets=secrets)
            lines = [line.message for line in result.logs]
            tags = [f"{each.name} {each.tags}" for each in result.metrics]
            said = [*lines, *tags, result.error or "", *caplog.messages, *capfd.readouterr()]
            told = [text for text in said if _SECRET in text]
            assert not told, f"The secret is in {told}"

    # Stopped

    def test_a_kill_ends_it(
        self,
        registry: Registry,
        endless: Mapping[str, Any] | None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        running = self._begun(registry, endless, monkeypatch)
        running.kill()
        assert running.result(self.patience).state is State.KILLED

    def test_a_time_limit_ends_it(
        self,
        registry: Registry,
        endless: Mapping[str, Any] | None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        limited = None if endless is None else {**endless, "timeout": "PT0.5S"}
        result = self._begun(registry, limited, monkeypatch).result(self.patience)
        assert (result.state, result.error) == (State.FAILED, "Timeout after 00:00:00.500")

    # How it is run

    def _world(self, registry: Registry) -> dict[str, Any]:
        return {
            "registry": registry,
            "files": self.files,
            "kv": self.kv,
            "secrets": self.secrets,
            "variables": self.variables,
        }

    def _run(
        self, registry: Registry, task: Task[Any] | Mapping[str, Any], **more: Any
    ) -> TaskResult:
        world = self._world(registry)
        more = {**more, "variables": {**self.variables, **more.get("variables", {})}}
        return run_task(task, **{**world, **more})

    def _begun(
        self,
        registry: Registry,
        task: Mapping[str, Any] | None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> RunningTask:
        """Start a task, and return once its `run` has been entered."""
        if task is None:
            pytest.skip("A fixture `endless` would show what a kill does")
        entered = threading.Event()
        cls = type(self._loaded(registry, task))
        run = cls.run

        def entering(loaded: Task[Any], ctx: Any) -> Any:
            entered.set()
            return run(loaded, ctx)

        monkeypatch.setattr(cls, "run", entering)
        running = start_task(task, **self._world(registry))
        assert entered.wait(self.patience), "It does not begin"
        return running

    def _loaded(self, registry: Registry, task: Mapping[str, Any]) -> Task[Any]:
        cls: type[Task[Any]] = registry.load("task", task["type"])
        return cls.model_validate({"id": "task", **task}, context={"resolve": registry.resolve})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _dynamic(task: Mapping[str, Any], declared: Declared) -> list[str]:
    """Return the properties of the task that may be expressions, and are none yet."""
    return [
        name
        for name, value in task.items()
        if declared.properties.get(name, {}).get("$dynamic")
        and not any("{{" in text or "{%" in text for text in _texts(value))
    ]


def _by_expression(
    task: Mapping[str, Any], declared: Declared
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the task with expressions in place of values, and what they are to render to."""
    values = {name: task[name] for name in _dynamic(task, declared)}
    return {**task, **{name: f"{{{{ given.{name} }}}}" for name in values}}, values


def _with_secrets(task: Mapping[str, Any], declared: Declared) -> Iterator[dict[str, Any]]:
    """Yield the task with each text that may be an expression replaced by a secret in turn."""
    for name in _dynamic(task, declared):
        if isinstance(task[name], str):
            yield {**task, name: "{{ secret('CONTRACT') }}"}
