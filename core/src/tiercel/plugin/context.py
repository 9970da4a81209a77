"""`RunContext`: all that a task sees of the world while it runs (contract C3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from tiercel._record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path
    from typing import BinaryIO

    from tiercel.model.execution import Execution, State
    from tiercel.model.task import TaskBase
    from tiercel.plugin.outbound import OutboundPolicy
    from tiercel.plugin.property import Property

__all__ = [
    "ExecutionFile",
    "Executions",
    "FlowSource",
    "Flows",
    "KvStore",
    "Metric",
    "RunContext",
    "StoredWriter",
    "TaskStorage",
]

T = TypeVar("T")


class RunContext(Protocol):
    """What `Task.run` is given."""

    @property
    def variables(self) -> Mapping[str, Any]:
        """Everything an expression can see: `flow`, `execution`, `inputs`, `outputs`, …"""
        ...

    @overload
    def render(self, value: Property[T]) -> T: ...
    @overload
    def render(self, value: Property[T] | None) -> T | None: ...
    def render(self, value: Any) -> Any:
        """Return a property's value with its expressions rendered; None stays None.

        Raises:
            ExpressionError: an expression is wrong.
            TaskError: the rendered value is not of the property's type.
        """
        ...

    def render_text(self, template: str, extra: Mapping[str, Any] | None = None) -> str:
        """Render a template to text; `extra` variables are seen beside the execution's own."""
        ...

    def evaluate(self, template: str, extra: Mapping[str, Any] | None = None) -> Any:
        """Render a template; a lone expression keeps its native type."""
        ...

    @property
    def storage(self) -> TaskStorage:
        """Files in internal storage."""
        ...

    @property
    def working_dir(self) -> Path:
        """A private folder of this attempt, made on first use and removed afterwards."""
        ...

    def log(self, level: str, message: str) -> None:
        """Log one line; `level` is TRACE, DEBUG, INFO, WARN or ERROR. Secrets are masked."""
        ...

    def mask(self, text: str) -> str:
        """Return a text without the secrets that this attempt has read, for outputs and errors."""
        ...

    def metric(self, metric: Metric) -> None:
        """Record a measurement."""
        ...

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell watchers how far this attempt is, from 0 to 1; nothing is stored."""
        ...

    def secret(self, key: str) -> str:
        """Return a secret of the flow's namespace; it is masked in logs from here on.

        Raises:
            NotFoundError: there is no such secret.
        """
        ...

    def seal(self, text: str) -> Mapping[str, str]:
        """Return a text encrypted: to be an output that is never stored in clear.

        Expressions see such an output in clear; in logs it is masked.

        Raises:
            SealError: there is no usable encryption key.
        """
        ...

    def kv(self, namespace: str | None = None) -> KvStore:
        """Return the key-value store of a namespace, the flow's own by default."""
        ...

    @property
    def outbound(self) -> OutboundPolicy:
        """Which servers the operator lets tasks talk to; connect by `ctx.outbound.connect`.

        What connects by itself is asked about before: `ctx.outbound.check(host)`.

        Raises:
            TaskError: the settings do not make sense.
        """
        ...

    @property
    def executions(self) -> Executions:
        """Other executions."""
        ...

    @property
    def flows(self) -> Flows:
        """The stored flows."""
        ...

    def switch_trigger(
        self,
        trigger_id: str,
        *,
        enabled: bool,
        namespace: str | None = None,
        flow_id: str | None = None,
    ) -> None:
        """Turn a trigger of a deployed flow on or off, of this flow by default.

        Raises:
            NotFoundError: there is no such trigger.
            ConflictError: it is disabled in its flow's source.
        """
        ...

    def load_task(self, source: str) -> TaskBase:
        """Return the task that a YAML text describes; it has this task's id unless it has one.

        Raises:
            TaskError: the text is no task; the message says why.
        """
        ...

    @property
    def cancelled(self) -> bool:
        """Whether the attempt should stop: it was killed or ran out of time."""
        ...

    def on_kill(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, from another thread, when the attempt must stop.

        A callback given after that point is called at once.
        """
        ...


class TaskStorage(Protocol):
    """Internal storage as one task sees it."""

    @property
    def folder(self) -> str:
        """The path that the URIs of this task run's own files begin with, without a `/` first."""
        ...

    def open(self, uri: str, start: int = 0) -> BinaryIO:
        """Open a stored file for reading, from byte `start`; `uri` is a `kestra://` URI.

        Raises:
            StoredFileNotFoundError: there is no such file.
            StorageUriError: not a storage URI, or one this flow may not read.
        """
        ...

    def create(self, name: str) -> StoredWriter:
        """Begin a new file of this task run; it appears, whole, when the writer is closed."""
        ...

    def put(self, path: Path, name: str | None = None) -> str:
        """Store a local file as a file of this task run and return its URI."""
        ...

    def size(self, uri: str) -> int:
        """Return a stored file's size in bytes."""
        ...

    def delete(self, uri: str) -> bool:
        """Delete a stored file; return whether it was there."""
        ...

    def namespace_file(self, path: str, namespace: str | None = None) -> BinaryIO:
        """Open a namespace file for reading."""
        ...

    def namespace_files(self, namespace: str | None = None) -> Iterator[str]:
        """Return the paths of all files of a namespace, the flow's own by default, sorted."""
        ...

    def put_namespace_file(self, path: str, source: BinaryIO, namespace: str | None = None) -> str:
        """Write all of a stream to a namespace file, replacing what was there; return its URI.

        Raises:
            StorageUriError: the path leads out of the namespace's files.
        """
        ...

    def delete_namespace_file(self, path: str, namespace: str | None = None) -> bool:
        """Delete a namespace file; return whether it was there."""
        ...

    def open_cached(self, name: str, max_age: timedelta | None = None) -> BinaryIO | None:
        """Open a file that this task cached in an earlier execution of the flow.

        Returns None when there is none, or it is older than `max_age`.
        """
        ...

    def put_cached(self, path: Path, name: str) -> None:
        """Keep a local file for later executions, replacing one of the same name."""
        ...

    def execution_files(
        self, namespace: str | None = None, flow_id: str | None = None
    ) -> Iterator[ExecutionFile]:
        """Yield the files of executions of any flow, whether or not they still exist.

        Args:
            namespace: this one and those below it, or exactly this one with a `flow_id`; all by
                default.
            flow_id: one flow of the namespace.
        """
        ...

    def purge_execution(self) -> list[str]:
        """Delete every file of this execution (inputs, trigger, task runs); return their URIs."""
        ...


@record
class ExecutionFile:
    """A file in internal storage that belongs to an execution."""

    uri: str
    execution_id: str
    modified: datetime


@record
class FlowSource:
    """A stored flow: where it is, its revision, and its text."""

    namespace: str
    id: str
    revision: int
    source: str


class Flows(Protocol):
    """The stored flows of the same tenant, as texts."""

    def find(self, namespace: str, *, below: bool = False) -> Iterator[FlowSource]:
        """Return the flows of a namespace, and with `below` of those below it, by id."""
        ...

    def check(self, source: str) -> FlowSource:
        """Return what `save` would return, without storing anything.

        Raises:
            FlowError: something is wrong with the flow; lists all of it.
        """
        ...

    def save(self, source: str) -> FlowSource:
        """Store and deploy a flow; a text that is stored already makes no new revision.

        Raises:
            FlowError: something is wrong with the flow; lists all of it.
        """
        ...

    def delete(self, namespace: str, flow_id: str) -> None:
        """Delete a flow; its executions stay.

        Raises:
            NotFoundError: there is no such flow.
        """
        ...


class Executions(Protocol):
    """Executions of the same tenant, of any flow."""

    def find(self, execution_id: str) -> Execution:
        """Return an execution with its task runs.

        Raises:
            NotFoundError: there is no such execution.
        """
        ...

    def count(
        self,
        namespace: str,
        flow_id: str | None = None,
        *,
        states: Collection[State] = (),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Mapping[str, int]:
        """Return flow id → how many executions it has; flows without any are left out.

        Args:
            namespace: exactly this one, not those below it.
            flow_id: one flow; all of the namespace by default.
            states: only executions in one of these; in any by default.
            since: only those that began at this time or later.
            until: only those that began earlier than this time.
        """
        ...

    def outputs_of_children(
        self, execution_id: str, task_run_id: str
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the outputs of the executions that a task run began, in the order of iterations.

        Those without outputs are left out.
        """
        ...

    def purge(
        self,
        namespace: str | None = None,
        flow_id: str | None = None,
        *,
        until: datetime,
        since: datetime | None = None,
        states: Collection[State] = (),
        parts: Collection[str] = ("executions", "logs", "metrics", "files"),
    ) -> Mapping[str, int]:
        """Delete executions that have ended, or only some of what is kept of them.

        Args:
            namespace: this one and those below it, or exactly this one with a `flow_id`; all by
                default.
            flow_id: one flow of the namespace.
            until: only executions that began earlier than this time.
            since: only those that began at this time or later.
            states: only executions that ended in one of these; in any by default.
            parts: what to delete; "executions" takes logs and metrics along.

        Returns:
            How many of each part were deleted.
        """
        ...

    def log_lines(
        self, execution_id: str, *, level: str = "TRACE", task_ids: Collection[str] = ()
    ) -> Iterator[Mapping[str, Any]]:
        """Yield an execution's log lines in order, with the members that Kestra's have.

        Args:
            execution_id: whose.
            level: the lowest level.
            task_ids: only lines of these tasks; of any, and of the execution itself, by default.

        Raises:
            NotFoundError: there is no such execution.
        """
        ...

    def purge_logs(
        self,
        namespace: str | None = None,
        flow_id: str | None = None,
        execution_id: str | None = None,
        *,
        until: datetime,
        since: datetime | None = None,
        levels: Collection[str] = (),
    ) -> int:
        """Delete log lines of executions that have ended; return how many there were.

        Args:
            namespace: as for `purge`.
            flow_id: as for `purge`.
            execution_id: one execution; all by default.
            until: only lines earlier than this time.
            since: only lines of this time or later.
            levels: only lines of one of these levels; of any by default.
        """
        ...

    def namespaces(self) -> Sequence[str]:
        """Return the namespaces that have flows, sorted."""
        ...

    def resume(self, execution_id: str, inputs: Mapping[str, Any] | None = None) -> None:
        """Resume a paused execution, with values for its `onResume` inputs.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it is not paused.
            InputError: an input is missing or invalid.
        """
        ...


class StoredWriter(Protocol):
    """A file being written: nobody sees it before `close`, and never when `abort` was called.

    As a context manager it closes at the end of the block, and aborts on an exception.
    """

    def write(self, data: bytes) -> int:
        """Write some bytes; return how many."""
        ...

    def close(self) -> str:
        """Make the file visible and return its URI."""
        ...

    def abort(self) -> None:
        """Forget what was written."""
        ...

    @property
    def uri(self) -> str:
        """The URI that the file has once it is closed."""
        ...

    def __enter__(self) -> StoredWriter: ...
    def __exit__(self, *exc_info: object) -> None: ...


class KvStore(Protocol):
    """The key-value pairs of one namespace. Values are JSON-like, or dates and durations."""

    def get(self, key: str) -> Any:
        """Return a value.

        Raises:
            NotFoundError: there is no such key, or it expired.
        """
        ...

    def set(
        self,
        key: str,
        value: Any,
        *,
        ttl: timedelta | None = None,
        overwrite: bool = True,
        description: str | None = None,
    ) -> None:
        """Write a value; `ttl` is how long it lives.

        Raises:
            ConflictError: the key exists and `overwrite` is false.
        """
        ...

    def delete(self, key: str) -> bool:
        """Delete a key; return whether it was there."""
        ...

    def keys(self, prefix: str = "", *, expired: bool = False) -> Iterator[str]:
        """Return the keys that begin with `prefix`, sorted: the living or the expired ones."""
        ...


class Metric:
    """One measurement: `Metric.counter("rows", 5)` or `Metric.timer("query", timedelta)`.

    Attributes:
        name: dotted, lower case (`records.loaded`).
        kind: `counter`, `timer` or `gauge`.
        value: the increment, or seconds for a timer.
        tags: what to group by; never ids of executions.
    """

    __slots__ = ("kind", "name", "tags", "value")

    def __init__(self, name: str, kind: str, value: float, tags: Mapping[str, str]) -> None:
        self.name = name
        self.kind = kind
        self.value = value
        self.tags = dict(tags)

    @classmethod
    def counter(cls, name: str, value: float, **tags: str) -> Metric:
        """Return a count of things."""
        return cls(name, "counter", value, tags)

    @classmethod
    def timer(cls, name: str, duration: timedelta, **tags: str) -> Metric:
        """Return a length of time."""
        return cls(name, "timer", duration.total_seconds(), tags)

    @classmethod
    def gauge(cls, name: str, value: float, **tags: str) -> Metric:
        """Return a level that goes up and down."""
        return cls(name, "gauge", value, tags)
