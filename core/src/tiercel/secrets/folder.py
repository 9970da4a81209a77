"""Secrets in files of a folder, as Docker and Kubernetes mount them.

/run/secrets/api_key                 for every namespace
/run/secrets/company/api_key         for `company` and the namespaces below it
/run/secrets/company.team/api_key    for `company.team` and the namespaces below it
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tiercel.errors import NotFoundError, RepositoryError

__all__ = ["FolderSecrets"]

_LARGEST = 1 << 20


class FolderSecrets:
    """Looks secrets up in files; their names ignore case, a line break at their end is left out.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, namespace: str, key: str) -> str:
        """Return a secret of the namespace, or of the nearest of its parents that has it.

        Raises:
            NotFoundError: there is no such secret.
            RepositoryError: its file cannot be read.
        """
        names = namespace.split(".")
        folders = {folder.name: folder for folder in self._entries(self._root) if folder.is_dir()}
        for length in range(len(names), -1, -1):
            # What is asked for is only compared with what is there, so it leads nowhere else.
            folder = folders.get(".".join(names[:length])) if length else self._root
            for file in self._entries(folder) if folder is not None else ():
                if file.name.upper() == key.upper() and file.is_file():
                    return self._read(key, file)
        raise NotFoundError(f"Cannot find secret for key '{key}'.")

    def values(self) -> Iterator[str]:
        """Yield every secret that can be read."""
        for entry in self._entries(self._root):
            for file in self._entries(entry) if entry.is_dir() else [entry]:
                with suppress(RepositoryError):
                    yield self._read(file.name, file)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _entries(self, folder: Path) -> list[Path]:
        """Return what is in a folder, without what Kubernetes needs for itself (`..data`)."""
        try:
            return [each for each in sorted(folder.iterdir()) if not each.name.startswith("..")]
        except OSError as error:
            raise RepositoryError(f"Cannot read the folder of secrets {folder}: {error}") from error

    def _read(self, key: str, file: Path) -> str:
        try:
            if file.stat().st_size > _LARGEST:
                raise RepositoryError(f"The file of secret {key!r} is larger than {_LARGEST} bytes")
            return file.read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            # A decoding error would quote the bytes.
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise RepositoryError(f"Cannot read the file of secret {key!r}: {reason}") from None
