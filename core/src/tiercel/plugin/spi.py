"""Door 2b, for authors of back ends: storages, repositories, executors.

What only storages in object stores need is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._lazy import door
from tiercel.errors import (
    ConflictError,
    NotFoundError,
    RepositoryError,
    SchemaVersionError,
    StorageError,
    StoredFileNotFoundError,
)
from tiercel.executor.spi import Executor, Job, Outcome
from tiercel.model.execution import (
    Attempt,
    Execution,
    History,
    LogEntry,
    MetricEntry,
    State,
    TaskRun,
)
from tiercel.repository.spi import (
    Claim,
    ExecutionQuery,
    KvRecord,
    Repository,
    StateChange,
    StoredCommand,
    StoredEvent,
    StoredFlow,
    TriggerRecord,
    UnitOfWork,
)
from tiercel.secrets.spi import SecretManager
from tiercel.storage.spi import StorageBackend, StorageWriter, StoredFile

if TYPE_CHECKING:
    from tiercel.storage.objects import (
        ObjectBucket,
        ObjectReader,
        ObjectStorage,
        ObjectUrl,
        ObjectWriter,
    )

__all__ = [
    "Attempt",
    "Claim",
    "ConflictError",
    "Execution",
    "ExecutionQuery",
    "Executor",
    "History",
    "Job",
    "KvRecord",
    "LogEntry",
    "MetricEntry",
    "NotFoundError",
    "ObjectBucket",
    "ObjectReader",
    "ObjectStorage",
    "ObjectUrl",
    "ObjectWriter",
    "Outcome",
    "Repository",
    "RepositoryError",
    "SchemaVersionError",
    "SecretManager",
    "State",
    "StateChange",
    "StorageBackend",
    "StorageError",
    "StorageWriter",
    "StoredCommand",
    "StoredEvent",
    "StoredFile",
    "StoredFileNotFoundError",
    "StoredFlow",
    "TaskRun",
    "TriggerRecord",
    "UnitOfWork",
]

__getattr__ = door(
    globals(),
    {"tiercel.storage.objects": ("ObjectBucket ObjectReader ObjectStorage ObjectUrl ObjectWriter")},
)
