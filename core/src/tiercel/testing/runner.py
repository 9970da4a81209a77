"""`run_task`, `poll_trigger`: one task or trigger on the engine's own worker, without a flow."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tiercel.embed import Tiercel
from tiercel.engine.triggers.polls import PollTask
from tiercel.engine.worker.assignment import Assignment
from tiercel.engine.worker.worker import run_attempt
from tiercel.executor.spi import Outcome
from tiercel.model.execution import History, LogEntry, MetricEntry, State, TaskRun
from tiercel.plugin.registry import Registry
from tiercel.plugin.task import Task
from tiercel.plugin.trigger import PollingTrigger
from tiercel.storage import uri as uris
from tiercel.storage.memory import MemoryStorage
from tiercel.testing.fakes import FakeClock, clock_at

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.plugin.context import KvStore
    from tiercel.storage.spi import StorageBackend

__all__ = ["RunningTask", "TaskResult", "poll_trigger", "run_task", "start_task"]

NAMESPACE = "company.team"
FLOW_ID = "test_flow"


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a task came to.

    Attributes:
        state: SUCCESS, WARNING, FAILED, …
        outputs: as later tasks would see them; empty when there are none.
        logs: every line, in order.
        metrics: every measurement, in order.
        error: why it failed; None when it did not.
        retryable: whether a failed task could be tried again.
        updates: changes it asks of its execution.
    """

    state: State
    outputs: Mapping[str, Any]
    logs: tuple[LogEntry, ...]
    metrics: tuple[MetricEntry, ...]
    error: str | None
    retryable: bool
    updates: Mapping[str, Any]
    _tiercel: Tiercel

    def file(self, uri: str) -> bytes:
        """Return the content of a stored file."""
        with self._tiercel.files.open(uri) as file:
            return file.read()

    def revealed(self, value: Any) -> Any:
        """Return outputs with what the task sealed in clear, as later expressions see it."""
        return self._tiercel.services.reveal(value)

    def files(self) -> list[str]:
        """Return the storage paths of all files, those given to the task among them."""
        tenant = self._tiercel.tenant + "/"
        return [each.key.removeprefix(tenant) for each in self._tiercel.storage.list()]

    def kv(self, namespace: str = NAMESPACE) -> KvStore:
        """Return the key-value pairs of a namespace as the task left them."""
        return self._tiercel.services.kv_store(namespace)

    def messages(self, level: str = "INFO") -> list[str]:
        """Return the messages logged at a level."""
        return [entry.message for entry in self.logs if entry.level == level]


class RunningTask:
    """A task that runs in a thread of its own: to kill it, or to look at it from outside."""

    def __init__(self, tiercel: Tiercel, assignment: Assignment, early: list[LogEntry]) -> None:
        self._tiercel = tiercel
        self._assignment = assignment
        self._early = early
        self._done: Future[Outcome] = Future()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._done.set_result(run_attempt(self._assignment, self._tiercel.services))
        except BaseException as error:  # whoever waits for the result gets it
            self._done.set_exception(error)

    def kill(self) -> None:
        """Tell the task to stop, as killing its execution does."""
        self._assignment.kill()

    def result(self, timeout: float = 60) -> TaskResult:
        """Wait for the task's end and return what it came to.

        Raises:
            TimeoutError: it still runs after `timeout` seconds.
        """
        try:
            outcome = self._done.result(timeout)
        except TimeoutError as error:
            task = self._assignment.task.id
            raise TimeoutError(f"Task {task!r} still runs after {timeout} s") from error
        return TaskResult(
            state=outcome.state,
            outputs=outcome.outputs or {},
            logs=(*self._early, *outcome.logs),
            metrics=outcome.metrics,
            error=outcome.error,
            retryable=outcome.retryable,
            updates=outcome.updates,
            _tiercel=self._tiercel,
        )


def run_task(  # noqa: PLR0913  # all but the first are by keyword, and most tests give none
    task: Task[Any] | Mapping[str, Any],
    *,
    variables: Mapping[str, Any] | None = None,
    kv: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    files: Mapping[str, bytes | str] | None = None,
    storage: StorageBackend | None = None,
    clock: FakeClock | datetime | None = None,
    registry: Registry | None = None,
) -> TaskResult:
    """Run a task to its end, as the engine would, and return what it came to.

    Args:
        task: a task, or its properties as a flow would give them; `id` may be left out.
        variables: what its expressions see beside `flow`, `execution`, `task` and `taskrun`.
        kv: key-value pairs of the flow's namespace (`company.team`).
        secrets: secrets by name.
        files: content by name; `{{ files.<name> }}` is the URI of each in internal storage.
        storage: where files are kept; memory by default.
        clock: what the clock shows, or the clock itself; the time of day by default.
        registry: which plugins there are, instead of the installed ones.

    Raises:
        ValidationError: the properties are wrong (pydantic's).
        UnknownTypeError: no installed plugin brings the type.
    """
    running = start_task(
        task,
        variables=variables,
        kv=kv,
        secrets=secrets,
        files=files,
        storage=storage,
        clock=clock,
        registry=registry,
    )
    return running.result()


def start_task(  # noqa: PLR0913  # as `run_task`
    task: Task[Any] | Mapping[str, Any],
    *,
    variables: Mapping[str, Any] | None = None,
    kv: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    files: Mapping[str, bytes | str] | None = None,
    storage: StorageBackend | None = None,
    clock: FakeClock | datetime | None = None,
    registry: Registry | None = None,
) -> RunningTask:
    """Begin a task and return at once; the arguments are those of `run_task`."""
    environ = {f"TIERCEL_SECRET_{name}": value for name, value in (secrets or {}).items()}
    tiercel = Tiercel(
        storage=storage or MemoryStorage(),
        clock=None if clock is None else clock_at(clock),
        environ=environ,
        registry=registry,
    )
    for key, value in (kv or {}).items():
        tiercel.services.kv_store(NAMESPACE).set(key, value)
    early: list[LogEntry] = []
    loaded = task if isinstance(task, Task | PollTask) else _load(tiercel, task)
    assignment = _assignment(tiercel, loaded, early)
    assignment.variables = {
        **assignment.variables,
        "files": _stored(tiercel, assignment, files or {}),
        **(variables or {}),
    }
    return RunningTask(tiercel, assignment, early)


def poll_trigger(  # noqa: PLR0913  # as `run_task`
    trigger: PollingTrigger | Mapping[str, Any],
    *,
    variables: Mapping[str, Any] | None = None,
    kv: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    files: Mapping[str, bytes | str] | None = None,
    storage: StorageBackend | None = None,
    clock: FakeClock | datetime | None = None,
    registry: Registry | None = None,
) -> TaskResult:
    """Have a polling trigger look once, as the engine would, and return what it found.

    `outputs` of the result is what an execution would see as `trigger`; nothing was found when it
    is empty and `state` is SUCCESS.

    Args:
        trigger: a trigger, or its properties as a flow would give them; `id` may be left out.
        variables: as for `run_task`, like all that follow.
    """
    loaded = trigger
    if not isinstance(loaded, PollingTrigger):
        resolve = (registry or Registry()).resolve
        given = {"id": "trigger", **trigger}  # type: ignore[dict-item]  # a mapping by now
        loaded = resolve(given["type"], "trigger").model_validate(
            given, context={"resolve": resolve}
        )
    if not isinstance(loaded, PollingTrigger):
        raise TypeError(f"{loaded!r} is no polling trigger")
    running = start_task(
        cast("Task[Any]", PollTask(loaded)),
        variables=variables,
        kv=kv,
        secrets=secrets,
        files=files,
        storage=storage,
        clock=clock,
        registry=registry,
    )
    return running.result()


def _load(tiercel: Tiercel, properties: Mapping[str, Any]) -> Task[Any]:
    resolve = tiercel.registry.resolve
    cls = resolve(properties["type"], "task")
    task = cls.model_validate({"id": "task", **properties}, context={"resolve": resolve})
    if not isinstance(task, Task):
        raise TypeError(f"{properties['type']} is a flowable task: run a flow instead")
    return task


def _assignment(tiercel: Tiercel, task: Task[Any], early: list[LogEntry]) -> Assignment:
    now = tiercel.clock.now()
    run = TaskRun("1".zfill(22), task.id, History.begin(State.CREATED, now))
    return Assignment(
        execution_id="0" * 22,
        namespace=NAMESPACE,
        flow_id=FLOW_ID,
        task=task,
        task_run=run,
        attempt=1,
        variables={
            "flow": {"id": FLOW_ID, "namespace": NAMESPACE, "revision": 1, "tenantId": "main"},
            "execution": {"id": "0" * 22, "startDate": now, "originalId": "0" * 22},
            "task": {"id": task.id, "type": task.type},
            "taskrun": {"id": run.id, "startDate": now, "attemptsCount": 0},
        },
        flush=early.extend,
    )


def _stored(
    tiercel: Tiercel, assignment: Assignment, files: Mapping[str, bytes | str]
) -> dict[str, str]:
    folder = uris.execution_folder(
        assignment.namespace, assignment.flow_id, assignment.execution_id
    )
    stored = {}
    for name, content in files.items():
        with tiercel.files.create(uris.input_path(folder, name, name)) as writer:
            writer.write(content.encode() if isinstance(content, str) else content)
        stored[name] = writer.uri
    return stored
