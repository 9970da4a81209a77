"""The secrets SPI: where `secret('KEY')` looks.

The contract suite in `tiercel.testing.contracts.secrets` says exactly what a manager must do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

__all__ = ["SecretManager"]


@runtime_checkable
class SecretManager(Protocol):
    """A place that keeps secrets. Safe to use from several threads at once."""

    def get(self, namespace: str, key: str) -> str:
        """Return a secret of a namespace; case does not matter in the key.

        It is asked for anew each time, so that a secret can be changed while flows run.

        Raises:
            NotFoundError: there is no such secret.
            RepositoryError: the place cannot be asked. No message holds a secret.
        """
        ...

    def values(self) -> Iterable[str]:
        """Return secrets that are to be masked even before they are read, as far as known."""
        ...

    def close(self) -> None:
        """Release connections; harmless when repeated."""
        ...
