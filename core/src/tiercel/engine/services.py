"""What the engine offers to running tasks, gathered in one place for workers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel._record import record

if TYPE_CHECKING:
    from tiercel._time import Clock
    from tiercel.engine.masking import Masker
    from tiercel.expression.environment import Environment
    from tiercel.model.task import TaskBase
    from tiercel.plugin.context import Executions, KvStore, TaskStorage

__all__ = ["Services"]


def _ignore_progress(execution_id: str, task_run_id: str, fraction: float, message: str) -> None:
    """Nobody watches."""


@record
class Services:
    """The parts behind a `RunContext`; `embed` wires them.

    Attributes:
        clock: tells the time.
        environment: the expression language, made when it is first needed.
        host: masker → what the engine's own functions (`secret`, `kv`, `read`, …) work on;
            secrets that they read are told to the masker.
        task_storage: (namespace, flow, execution, task, task run) → its files.
        kv_store: namespace → its key-value pairs.
        secret: (namespace, key) → a secret; raises NotFoundError.
        executions: what tasks may know of other executions.
        load_task: (YAML text, id unless it has one) → a task; raises FlowError or ValueError.
        working_root: where working folders are made; None for the system's temporary folder.
        progress: takes (execution, task run, fraction, message).
    """

    clock: Clock
    environment: Callable[[], Environment]
    host: Callable[[Masker], Any]
    task_storage: Callable[[str, str, str, str, str], TaskStorage]
    kv_store: Callable[[str], KvStore]
    secret: Callable[[str, str], str]
    executions: Executions
    load_task: Callable[[str, str], TaskBase]
    working_root: Path | None = None
    progress: Callable[[str, str, float, str], Any] = field(default=_ignore_progress)
