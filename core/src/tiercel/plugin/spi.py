"""Door 2b, for authors of back ends: storages, repositories, executors."""

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
    StoredCommand,
    StoredEvent,
    StoredFlow,
    UnitOfWork,
)
from tiercel.storage.spi import StorageBackend, StorageWriter, StoredFile

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
    "Outcome",
    "Repository",
    "RepositoryError",
    "SchemaVersionError",
    "State",
    "StorageBackend",
    "StorageError",
    "StorageWriter",
    "StoredCommand",
    "StoredEvent",
    "StoredFile",
    "StoredFileNotFoundError",
    "StoredFlow",
    "TaskRun",
    "UnitOfWork",
]
