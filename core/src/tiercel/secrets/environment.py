"""Secrets from the environment: `SECRET_*` as Kestra reads them, and plainer ways.

SECRET_API_KEY=czNjcjN0            base64, as in Kestra
TIERCEL_SECRET_API_KEY=s3cr3t      as it is
TIERCEL_SECRET_API_KEY_FILE=/run/secrets/api_key    the content of a file
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from tiercel.errors import NotFoundError, RepositoryError

__all__ = ["EnvironmentSecrets"]


class EnvironmentSecrets:
    """Looks secrets up in environment variables; names ignore case.

    Args:
        environ: the variables; they are read once.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._values: dict[str, str] = {}
        self._files: dict[str, Path] = {}
        for name, value in environ.items():
            upper = name.upper()
            if upper.startswith("SECRET_"):
                self._values.setdefault(upper.removeprefix("SECRET_"), _decoded(value))
            elif upper.startswith("TIERCEL_SECRET_"):
                key = upper.removeprefix("TIERCEL_SECRET_")
                if key.endswith("_FILE"):
                    self._files[key.removesuffix("_FILE")] = Path(value)
                else:
                    self._values[key] = value

    def get(self, namespace: str, key: str) -> str:
        """Return a secret; every namespace has the same ones.

        Raises:
            NotFoundError: there is no such secret.
        """
        name = key.upper()
        if name in self._values:
            return self._values[name]
        if name in self._files:
            return self._read(key, self._files[name])
        raise NotFoundError(f"Cannot find secret for key '{key}'.")

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def values(self) -> Iterator[str]:
        """Yield every secret that can be read."""
        yield from self._values.values()
        for key, path in self._files.items():
            with suppress(RepositoryError):
                yield self._read(key, path)

    def _read(self, key: str, path: Path) -> str:
        try:
            return path.read_text().rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            # A decoding error would quote the bytes.
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise RepositoryError(f"Cannot read the file of secret {key!r}: {reason}") from None


def _decoded(value: str) -> str:
    """Kestra's secrets are base64 with or without line breaks; anything else stays as it is."""
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode()
    except ValueError:
        return value
