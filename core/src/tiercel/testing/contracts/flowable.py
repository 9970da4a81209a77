"""What every flowable task must do.

from tiercel.testing import FlowableContract

class TestFirstOf(FlowableContract):
    @pytest.fixture
    def flowable(self):
        return {"type": "com.acme.FirstOf", "tasks": [self.step("a"), self.step("b")]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tiercel.model.execution import State
from tiercel.testing.contracts._declaration import DeclarationTests
from tiercel.testing.contracts._flowable_runs import Choices, Run, Watch, many_choices
from tiercel.testing.contracts._stage import STEP, flow_with

if TYPE_CHECKING:
    from tiercel.plugin.registry import Registry

__all__ = ["FlowableContract"]

_WELL = Choices(lambda _options: 0)
_BADLY = Choices(lambda _options: 0, (State.FAILED,))


class FlowableContract(DeclarationTests):
    """Tests for a `FlowableTask`; a subclass gives a fixture `flowable`: its properties.

    Its tasks are best made by `step`: the suite decides how they end, and in which order.
    """

    kind: ClassVar[str] = "task"
    _inputs: Mapping[str, Path] = {}
    flows: ClassVar[Sequence[str]] = ()
    """Texts of flows that it runs."""
    files: ClassVar[Mapping[str, bytes]] = {}
    """Content of FILE inputs: `{{ inputs.name }}` in `flowable` is the URI of each."""
    runs: ClassVar[int] = 60
    """How many orders of results are tried, and how many more by chance if there are more."""

    @staticmethod
    def step(task_id: str, **properties: Any) -> dict[str, Any]:
        """Return a task that ends as the suite wants it."""
        return {"id": task_id, "type": STEP, **properties}

    @pytest.fixture
    def written(self, flowable: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the flow says."""
        return flowable

    @pytest.fixture
    def text(self, flowable: Mapping[str, Any], tmp_path: Path) -> str:
        """Return a flow with the task in it."""
        self._inputs = {name: tmp_path / name for name in self.files}
        for name, path in self._inputs.items():
            path.write_bytes(self.files[name])
        inputs = [{"id": name, "type": "FILE"} for name in self.files]
        return flow_with("task", flowable, inputs)

    @pytest.fixture
    def watch(
        self, registry: Registry, flowable: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> Watch:
        """Return what looks at each of its answers."""
        return Watch(registry.load("task", flowable["type"]), monkeypatch)

    def _run(self, text: str, registry: Registry) -> Run:
        return Run(text, registry, self.flows, self._inputs)

    def test_it_succeeds_when_its_tasks_do(self, text: str, registry: Registry) -> None:
        run = self._run(text, registry)
        assert run.play(_WELL), f"It does not end: {run.states}"
        assert run.execution.state is State.SUCCESS, run.states

    def test_it_ends_when_its_tasks_fail(self, text: str, registry: Registry) -> None:
        run = self._run(text, registry)
        assert run.play(_BADLY), f"It does not end: {run.states}"

    def test_it_ends_in_whatever_order_its_tasks_do(self, text: str, registry: Registry) -> None:
        for choices in many_choices(self.runs):
            run = self._run(text, registry)
            assert run.play(choices), f"It does not end: {run.states}"
            left = [each for each in run.execution.task_runs.values() if not each.state.is_terminal]
            assert not left, f"It ends, and these do not: {run.states}"

    def test_its_answers_are_pure_and_name_tasks_that_it_has(
        self, text: str, registry: Registry, watch: Watch
    ) -> None:
        for choices in chain((_WELL, _BADLY), many_choices(self.runs // 4)):
            self._run(text, registry).play(choices)
        assert watch.asked
        assert not watch.wrong, "\n".join(watch.wrong)

    def test_engines_may_die_at_any_time(self, text: str, registry: Registry) -> None:
        undisturbed = self._run(text, registry)
        undisturbed.play(_WELL)
        run = self._run(text, registry)
        assert run.play(_WELL, lambda _step: run.die()), f"It does not end: {run.states}"
        assert run.states == undisturbed.states

    def test_it_may_be_killed_at_any_time(self, text: str, registry: Registry) -> None:
        for moment in range(20):
            run = self._run(text, registry)

            def kill(step: int, run: Run = run, moment: int = moment) -> None:
                if step == moment:
                    run.engine.kill(run.id)

            assert run.play(_WELL, kill), f"It does not end: {run.states}"
            if run.execution.state is not State.KILLED:  # it ended before
                break
        else:
            raise AssertionError("It does not end within 20 steps")

    def test_it_may_be_restarted_after_a_failure(self, text: str, registry: Registry) -> None:
        run = self._run(text, registry)
        run.play(_BADLY)
        if not run.execution.state.is_failed:
            pytest.skip("It does not fail with its tasks")
        run.engine.operations.restart(run.id)
        assert run.play(_WELL), f"It does not end: {run.states}"
        assert run.execution.state is State.SUCCESS, run.states
