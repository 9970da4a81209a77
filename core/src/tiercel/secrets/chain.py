"""`SecretChain`: several secret managers, asked one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tiercel.errors import NotFoundError, RepositoryError, TiercelError

if TYPE_CHECKING:
    from tiercel.secrets.spi import SecretManager

__all__ = ["SecretChain"]


class SecretChain:
    """Asks each manager in turn; the first that has a secret answers.

    Args:
        managers: (what it is called in messages, the manager), the first to be asked first.
    """

    def __init__(self, managers: Sequence[tuple[str, SecretManager]]) -> None:
        self._managers = tuple(managers)

    def get(self, namespace: str, key: str) -> str:
        """Return a secret.

        Raises:
            NotFoundError: none of them has it.
            RepositoryError: one that was asked could not answer.
        """
        for name, manager in self._managers:
            try:
                return manager.get(namespace, key)
            except NotFoundError:
                continue
            except TiercelError:
                raise
            except Exception as error:  # a plugin's code; its words might hold the secret
                raise RepositoryError(
                    f"The secret manager {name!r} failed on key {key!r}: {type(error).__name__}"
                ) from error
        raise NotFoundError(f"Cannot find secret for key '{key}'.")

    def values(self) -> Iterator[str]:
        """Yield what the managers know without being asked; one that fails yields nothing."""
        for _, manager in self._managers:
            try:
                yield from manager.values()
            except Exception:  # a plugin's code: its secrets are masked when read
                continue

    def close(self) -> None:
        """Close every manager."""
        for _, manager in self._managers:
            manager.close()
