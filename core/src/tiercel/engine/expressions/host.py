"""`FunctionHost`: what the engine's functions (`secret`, `kv`, `read`, …) work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from tiercel.engine.services.kv import NamespaceKv, find
from tiercel.errors import EvaluationError
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel._time import Clock
    from tiercel.engine.expressions.flow_calls import FlowCaller
    from tiercel.engine.services.files import FileStore
    from tiercel.engine.services.masking import Masker
    from tiercel.plugin.outbound import OutboundPolicy
    from tiercel.repository.spi import Repository
    from tiercel.secrets.spi import SecretManager

__all__ = ["FunctionHost"]


class FunctionHost:
    """One rendering's access to secrets, key-value pairs and files.

    Args:
        repository: has the key-value pairs.
        clock: says which of them have expired.
        files: internal storage.
        secrets: where secrets are looked up.
        masker: told of every secret that is read.
        outbound: which servers functions may talk to.
        caller: runs flows for `subflow`; None where nobody can wait for one.

    Attributes:
        guard: hears of what filters make of values, so that what is made of a secret is masked.
    """

    def __init__(  # noqa: PLR0913  # each is what one group of functions works on
        self,
        repository: Repository,
        clock: Clock,
        files: FileStore,
        secrets: SecretManager,
        masker: Masker,
        outbound: Callable[[], OutboundPolicy],
        caller: FlowCaller | None = None,
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._files = files
        self._secrets = secrets
        self._masker = masker
        self._outbound = outbound
        self._caller = caller
        self.guard = masker.derive

    @property
    def outbound(self) -> OutboundPolicy:
        """Which servers functions may talk to."""
        return self._outbound()

    def kv_get(self, namespace: str, key: str, *, inherit: bool = True) -> Any:
        """Return a value from a namespace or, to `inherit`, from the nearest parent that has it."""
        if inherit:
            return find(self._repository, self._clock, namespace, key)
        return NamespaceKv(self._repository, self._clock, namespace).get(key)

    def secret(self, namespace: str, key: str) -> str:
        """Return a secret; it is masked from here on."""
        value = self._secrets.get(namespace, key)
        self._masker.add(value)
        return value

    def secret_read(self, value: str) -> None:
        """Mask a part of a secret, too."""
        self._masker.add(value)

    def open(self, uri: str) -> BinaryIO:
        """Open a stored file."""
        return self._files.open(uri)

    def namespace_file(self, namespace: str, path: str) -> BinaryIO:
        """Open a namespace file."""
        return self._files.open(self.namespace_file_uri(namespace, path))

    def namespace_file_uri(self, namespace: str, path: str) -> str:
        """Return the URI that a namespace file has, or would have."""
        return uris.format_uri(f"{uris.namespace_files(namespace)}/{path.lstrip('/')}")

    def size(self, uri: str) -> int:
        """Return a stored file's size in bytes."""
        return self._files.size(uri)

    def run_flow(self, namespace: str, flow_id: str, inputs: Any, **how: Any) -> Any:
        """Run a flow, wait, and return what became of it."""
        if self._caller is None:
            raise EvaluationError(
                "The 'subflow' function can only be used where somebody begins an execution, "
                "such as in an input's 'values': nobody can wait for a flow here."
            )
        return self._caller.run(namespace, flow_id, inputs, **how)

    def error_logs(self, execution_id: str) -> list[dict[str, Any]]:
        """Return an execution's log lines of level ERROR, oldest first, with Kestra's members."""
        return [
            {
                "executionId": line.execution_id,
                "taskId": line.task_id,
                "taskRunId": line.task_run_id,
                "attemptNumber": line.attempt,
                "timestamp": line.at,
                "level": line.level,
                "message": line.message,
            }
            for _, line in self._repository.logs(execution_id)
            if line.level == "ERROR"
        ]
