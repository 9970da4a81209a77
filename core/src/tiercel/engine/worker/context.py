"""`TaskContext`: the `RunContext` that a worker gives to a task."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel.engine.worker.attempt_log import AttemptLog
from tiercel.errors import TaskError, TiercelError
from tiercel.model.execution import MetricEntry

if TYPE_CHECKING:
    from tiercel.engine.services.services import Services
    from tiercel.engine.worker.assignment import Assignment
    from tiercel.expression.environment import Environment
    from tiercel.model.task import TaskBase
    from tiercel.plugin.context import Executions, Flows, KvStore, Metric, TaskStorage
    from tiercel.plugin.outbound import OutboundPolicy

__all__ = ["TaskContext"]


class TaskContext:
    """What one attempt of one task run sees and says.

    Args:
        services: what the engine offers to tasks: rendering, files, secrets, key-value pairs.
        assignment: which attempt it is, and what its expressions see.
    """

    def __init__(self, services: Services, assignment: Assignment) -> None:
        self._services = services
        self._execution_id = assignment.execution_id
        self._namespace = assignment.namespace
        self._flow_id = assignment.flow_id
        self._task_run = assignment.task_run
        self._variables = assignment.variables
        self._assignment = assignment
        self._folder: Path | None = None
        self._stop = threading.Event()
        self._on_kill: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self.lines = AttemptLog(services, assignment, lambda: self.storage)
        self.masker = services.masker
        self.metrics: list[MetricEntry] = []
        self.updates: dict[str, Any] = {}
        self._host = services.host()

    # Expressions

    @cached_property
    def _environment(self) -> Environment:
        return self._services.environment()

    @property
    def variables(self) -> Mapping[str, Any]:
        """Everything an expression can see."""
        return self._variables

    def render(self, value: Any) -> Any:
        """Return a property's value with its expressions rendered; None stays None."""
        if value is None:
            return None
        name = f"{self._task_run.task_id}.{value.name}" if value.name else self._task_run.task_id
        try:
            return value.resolve(partial(self._render_raw, name))
        except ValueError as error:
            message = f"Invalid value of {name}: {_explain(error)}"
            raise TaskError(message, retryable=False) from error

    def render_text(self, template: str, extra: Mapping[str, Any] | None = None) -> str:
        """Render a template to text."""
        return self._environment.render(template, self._with(extra), self._host)

    def evaluate(self, template: str, extra: Mapping[str, Any] | None = None) -> Any:
        """Render a template; a lone expression keeps its native type."""
        return self._environment.evaluate(template, self._with(extra), self._host)

    def render_data(self, data: Any, extra: Mapping[str, Any]) -> Any:
        """Return JSON-like data with every text in it rendered, seeing `extra` too."""
        return self._environment.render_object(data, self._with(extra), self._host)

    def _render_raw(self, name: str, raw: Any, as_text: bool) -> Any:
        variables = self._with(None)
        if not isinstance(raw, str):
            return self._environment.render_object(raw, variables, self._host, name=name)
        if as_text:
            return self._environment.render(raw, variables, self._host, name=name)
        return self._environment.evaluate(raw, variables, self._host, name=name)

    def _with(self, extra: Mapping[str, Any] | None) -> Mapping[str, Any]:
        known: dict[str, Any] = {}
        if self._folder is not None:
            known["workingDir"] = str(self._folder)
        if not known and not extra:
            return self._variables
        return {**self._variables, **known, **(extra or {})}

    # Files

    @property
    def storage(self) -> TaskStorage:
        """Files in internal storage."""
        return self._services.task_storage(
            self._namespace,
            self._flow_id,
            self._execution_id,
            self._task_run.task_id,
            self._task_run.id,
        )

    @property
    def working_dir(self) -> Path:
        """A folder of this attempt, or of several tasks together, made on first use."""
        if self._folder is None and self._assignment.folder is not None:
            self._folder = self._assignment.folder
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._folder is None:
            root = self._services.working_root
            if root is not None:
                root.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix="tiercel-", dir=root))
        return self._folder

    def close(self) -> None:
        """Remove the working folder, unless others work in it, too."""
        if self._folder is not None and self._folder != self._assignment.folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    # What the task says

    def log(self, level: str, message: str) -> None:
        """Log one line; secrets are masked."""
        self.lines.write(level, message)

    def mask(self, text: str) -> str:
        """Return a text without the secrets that were read so far."""
        return self.masker.mask(text)

    def metric(self, metric: Metric) -> None:
        """Record a measurement; secrets in its name and tags are masked."""
        mask = self.masker.mask
        self.metrics.append(
            MetricEntry(
                execution_id=self._execution_id,
                at=self._services.clock.now(),
                name=mask(metric.name),
                kind=metric.kind,
                value=metric.value,
                tags=tuple((name, mask(str(tag))) for name, tag in metric.tags.items()),
                task_run_id=self._task_run.id,
                task_id=self._task_run.task_id,
            )
        )

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell watchers how far this attempt is; secrets are masked."""
        text = self.masker.mask(message)
        self._services.progress(self._execution_id, self._task_run.id, fraction, text)

    # Secrets and key-value pairs

    def secret(self, key: str) -> str:
        """Return a secret of the flow's namespace; it is masked from here on."""
        value = self._services.secret(self._namespace, key)
        self.masker.add(value)
        return value

    def seal(self, text: str) -> Mapping[str, str]:
        """Return a text encrypted, as outputs may hold it."""
        self.masker.add(text)
        return self._services.seal(text)

    @property
    def outbound(self) -> OutboundPolicy:
        """Which servers the operator lets tasks talk to."""
        return self._services.outbound()

    def kv(self, namespace: str | None = None) -> KvStore:
        """Return the key-value store of a namespace, the flow's own by default."""
        return self._services.kv_store(namespace or self._namespace)

    # Executions and tasks

    @property
    def executions(self) -> Executions:
        """Other executions."""
        return self._services.executions

    @property
    def flows(self) -> Flows:
        """The stored flows."""
        return self._services.flows

    def switch_trigger(
        self,
        trigger_id: str,
        *,
        enabled: bool,
        namespace: str | None = None,
        flow_id: str | None = None,
    ) -> None:
        """Turn a trigger of a deployed flow on or off, of this flow by default."""
        key = (namespace or self._namespace, flow_id or self._flow_id, trigger_id)
        self._services.switch_trigger(*key, enabled)

    def load_task(self, source: str) -> TaskBase:
        """Return the task that a YAML text describes."""
        try:
            return self._services.load_task(source, self._task_run.task_id)
        except (TiercelError, ValueError) as error:
            raise TaskError(f"Invalid task: {_explain(error)}", retryable=False) from error

    # Being stopped

    @property
    def cancelled(self) -> bool:
        """Whether the attempt should stop."""
        return self._stop.is_set()

    def on_kill(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when the attempt must stop; at once if it must already."""
        with self._lock:
            if not self._stop.is_set():
                self._on_kill.append(callback)
                return
        callback()

    def stop(self) -> None:
        """Tell the task to stop; a second call does nothing."""
        with self._lock:
            if self._stop.is_set():
                return
            self._stop.set()
            callbacks = list(self._on_kill)
        for callback in callbacks:
            try:
                callback()
            except Exception as error:  # a plugin's code: the others must be called all the same
                self.log("WARN", f"A kill callback failed: {error}")


def _explain(error: Exception) -> str:
    """Return the gist of a validation error, without pydantic's links and input dumps."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error)
    return "; ".join(detail["msg"] for detail in errors())
