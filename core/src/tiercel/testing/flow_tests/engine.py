"""`SteppedEngine`: a `Tiercel` without threads whose flows have their mocks in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tiercel._record import replace
from tiercel.embed import Tiercel
from tiercel.engine.expressions.variables import Variables
from tiercel.engine.flows.flows import FlowBook
from tiercel.engine.plain import plain
from tiercel.engine.triggers.starts import FROM_TRIGGER, Bound
from tiercel.errors import InputError, NotFoundError, UnknownTypeError
from tiercel.model.load import load
from tiercel.plugin.trigger import ScheduledTrigger, Trigger
from tiercel.testing.flow_tests.mocks import (
    Mock,
    Unavailable,
    UnavailableTrigger,
    tasks_in,
    with_mocks,
)

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.engine.machine.events import ExecutionCreated
    from tiercel.model.execution import Execution
    from tiercel.model.flow import Flow
    from tiercel.model.trigger import TriggerBase
    from tiercel.testing.flow_tests.library import Library

__all__ = ["MockedFlows", "SteppedEngine"]


class MockedFlows(FlowBook):
    """Flows with mocks in place; one that is not stored is looked for among the test's files.

    Attributes:
        mocks: answers by task id.
        extra: variables that expressions in mocked outputs see beside the task's own.
        library: files of further flows.
        seen: ids of all tasks of the flows that were loaded.
    """

    mocks: Mapping[str, Sequence[Mock]] = {}
    extra: Mapping[str, Any] = {}
    library: Library
    seen: set[str]

    def load(self, text: str, file: str = "") -> Flow:
        """Return the flow that a text means, with its mocks."""
        missing: list[str] = []
        flow = load(text, resolve=_lenient(self._registry.resolve, missing), file=file)
        self.seen.update(task.id for task in tasks_in(flow))
        flow = with_mocks(flow, self.mocks, self.extra)
        if missing and any(isinstance(task, Unavailable) for task in tasks_in(flow)):
            return super().load(text, file)  # which tells where they stand
        return flow

    def exists(self, namespace: str, flow_id: str) -> bool:
        """Return whether there is such a flow."""
        return super().exists(namespace, flow_id) or bool(self.library.find(namespace, flow_id))

    def newest(self, namespace: str, flow_id: str, revision: int | None = None) -> Flow:
        """Return a flow, from its file when it is not stored yet."""
        if not super().exists(namespace, flow_id):
            path = self.library.find(namespace, flow_id)
            if path is not None:
                self.save(self.load(path.read_text(encoding="utf-8-sig"), str(path)))
        return super().newest(namespace, flow_id, revision)


def _lenient(resolve: Callable[[str, str], Any], missing: list[str]) -> Callable[[str, str], Any]:
    """Return a resolver that has a stand-in for each task and trigger whose plugin is not there."""
    instead = {"task": Unavailable, "trigger": UnavailableTrigger}

    def resolved(name: str, kind: str) -> Any:
        try:
            return resolve(name, kind)
        except UnknownTypeError:
            if kind not in instead:
                raise
            missing.append(name)
            return instead[kind]

    return resolved


class SteppedEngine(Tiercel):
    """An engine that works only when it is told to.

    Args:
        flows: makes its flows from itself.
        parts: as for `Tiercel`.
    """

    def __init__(self, make_flows: Callable[[SteppedEngine], MockedFlows], **parts: Any) -> None:
        super().__init__(stepped=True, **parts)
        self._make_flows = make_flows

    @cached_property
    def flows(self) -> MockedFlows:
        """The flows."""
        return self._make_flows(self)

    def begin(
        self,
        flow: Flow,
        execution_id: str,
        inputs: Mapping[str, Any],
        labels: Mapping[str, str],
        trigger: tuple[str, Mapping[str, Any], datetime] | None = None,
    ) -> None:
        """Begin an execution under an id, as a person or as a trigger does.

        Args:
            flow: a stored flow.
            execution_id: the id; nothing happens when there is such an execution.
            inputs: values by input id.
            labels: labels beside the flow's own.
            trigger: the trigger's id, its variables, and the date that it fires for.

        Raises:
            InputError: an input is missing or invalid, or there is no such trigger.
            CheckError: one of the flow's `checks` blocks it.
        """
        try:
            self.execution(execution_id)
        except NotFoundError:
            pass
        else:
            return
        if trigger is None:
            event, remarks = self._beginner.asked_for(flow, execution_id, inputs, labels)
            self.driver.create(event, flow, remarks).wait()
        else:
            event = self._triggered(flow, execution_id, inputs, labels, trigger)
            self.driver.create(event, flow).wait()

    def _triggered(
        self,
        flow: Flow,
        execution_id: str,
        inputs: Mapping[str, Any],
        labels: Mapping[str, str],
        fired: tuple[str, Mapping[str, Any], datetime],
    ) -> ExecutionCreated:
        trigger_id, given, date = fired
        trigger = _trigger_of(flow, trigger_id)
        labels = {**FROM_TRIGGER, **labels}
        if not isinstance(trigger, Trigger):
            event, _ = self._beginner.asked_for(flow, execution_id, inputs, labels)
            return replace(
                event, trigger={"id": trigger_id, "type": trigger.type, "variables": plain(given)}
            )
        bound = Bound(flow, trigger)
        variables = dict(given)
        if isinstance(trigger, ScheduledTrigger):
            dates = self.starter.dates(bound)
            variables = {**self.starter.date_variables(bound, dates, date), **given}
        return self.starter.started(
            bound,
            execution_id,
            self.starter.context(bound, variables),
            variables=variables,
            inputs={**trigger.start_inputs(), **inputs},
            labels=labels,
        )

    def adopt_all(self) -> None:
        """Go on with everything that an engine which died has left."""
        self._mask_every_secret()
        for execution_id in self.repository.unfinished():
            self.driver.adopt(execution_id, force=True).wait()

    def see(self, execution: Execution, task_id: str | None = None) -> dict[str, Any]:
        """Return the variables at an execution's end, or those of a task's last run.

        Raises:
            NotFoundError: the task did not run.
        """
        variables = Variables(self._shared, self._reveal)
        variables.note_all(execution)
        if task_id is None:
            return variables.of_execution(execution)
        runs = [run for run in execution.task_runs.values() if run.task_id == task_id]
        if not runs:
            raise NotFoundError(f"Task {task_id!r} did not run")
        run = max(runs, key=lambda each: (each.history.started, each.id))
        from tiercel.plugin.tree import find_task

        return variables.of_task_run(execution, run, find_task(self._flow_of(execution), task_id))

    def render(self, template: Any, variables: Mapping[str, Any]) -> Any:
        """Return what text, or the texts in data, mean; a lone expression keeps its type."""
        if isinstance(template, str):
            return plain(self.environment.evaluate(template, variables, self._host()))
        if isinstance(template, list):
            return [self.render(item, variables) for item in template]
        if isinstance(template, dict):
            return {key: self.render(item, variables) for key, item in template.items()}
        return template


def _trigger_of(flow: Flow, trigger_id: str) -> TriggerBase:
    for trigger in flow.triggers or ():
        if trigger.id == trigger_id:
            return trigger
    known = ", ".join(repr(each.id) for each in flow.triggers or ()) or "none"
    raise InputError(
        f"Flow {flow.namespace}.{flow.id} has no trigger {trigger_id!r}; it has {known}"
    )
