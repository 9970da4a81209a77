"""What the engine offers to running tasks, gathered in one place for workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel._record import record
from tiercel.engine.services.masking import Masker
from tiercel.engine.services.spilling import INLINE_LIMIT

if TYPE_CHECKING:
    from tiercel._time import Clock
    from tiercel.engine.services.files import FileStore
    from tiercel.expression.environment import Environment
    from tiercel.model.task import TaskBase
    from tiercel.plugin.context import Executions, Flows, KvStore, TaskStorage
    from tiercel.plugin.outbound import OutboundPolicy

__all__ = ["LOG_LINES", "Services"]

LOG_LINES = 100_000
"""Lines of an attempt in the database, unless the settings say else."""


def _ignore_progress(execution_id: str, task_run_id: str, fraction: float, message: str) -> None:
    """Nobody watches."""


@record
class Services:
    """The parts behind a `RunContext`; `embed` wires them.

    Attributes:
        clock: tells the time.
        environment: the expression language, made when it is first needed.
        masker: knows every secret that was read, and keeps it out of logs.
        host: makes what the engine's own functions (`secret`, `kv`, `read`, …) work on; secrets
            that they read are told to the masker. Given a `FlowCaller`, also for `subflow`.
        task_storage: (namespace, flow, execution, task, task run) → its files.
        files: internal storage by URI, for the engine's own use.
        kv_store: namespace → its key-value pairs.
        secret: (namespace, key) → a secret; raises NotFoundError.
        seal: a text → what is stored of it, encrypted; raises SealError.
        reveal: plain data → the same with all that `seal` made in clear, and masked from then on.
        executions: what tasks may know of other executions.
        flows: the stored flows, as tasks may read and write them.
        outbound: which servers tasks may talk to.
        switch_trigger: turns a trigger on or off: (namespace, flow, trigger, whether on).
        load_task: (YAML text, id unless it has one) → a task; raises FlowError or ValueError.
        working_root: where working folders are made; None for the system's temporary folder.
        progress: takes (execution, task run, fraction, message).
        inline_limit: bytes of JSON up to which outputs, and characters up to which a log message,
            stay in the database; what is bigger goes to a file.
        log_lines: how many lines of an attempt go to the database, and further ones to a file.
    """

    clock: Clock
    environment: Callable[[], Environment]
    host: Callable[..., Any]
    task_storage: Callable[[str, str, str, str, str], TaskStorage]
    files: FileStore
    kv_store: Callable[[str], KvStore]
    secret: Callable[[str, str], str]
    seal: Callable[[str], Mapping[str, str]]
    reveal: Callable[[Any], Any]
    executions: Executions
    flows: Flows
    outbound: Callable[[], OutboundPolicy]
    switch_trigger: Callable[[str, str, str, bool], None]
    load_task: Callable[[str, str], TaskBase]
    working_root: Path | None = None
    progress: Callable[[str, str, float, str], Any] = field(default=_ignore_progress)
    masker: Masker = field(default_factory=Masker)
    inline_limit: int = INLINE_LIMIT
    log_lines: int = LOG_LINES

    def sealed(self, value: Any) -> Any:
        """Return plain data that is passed on as it may be stored: with no secret in clear."""
        match value:
            case str():
                return self.seal(value) if self.masker.holds(value) else value
            case dict():
                return {key: self.sealed(item) for key, item in value.items()}
            case list():
                return [self.sealed(item) for item in value]
        return value
