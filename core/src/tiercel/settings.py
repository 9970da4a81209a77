"""Where things are and how much is allowed: read once by the command line, passed down from there.

Order, the first wins: an argument, an environment variable `TIERCEL_*`, the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from tiercel._record import record
from tiercel.errors import InputError

__all__ = ["Settings", "default_home"]


@record
class Settings:
    """Everything that can be set.

    Attributes:
        home: the folder of the database, of internal storage and of engine locks.
        repository: URL of the database (`sqlite:///path`); in `home` when None.
        storage: URL of internal storage (`file:///path`); in `home` when None.
        workers: how many tasks run at once.
        tenant: whose flows and executions these are.
        env_prefix: environment variables that begin so are `envs` in expressions.
        variables: `globals` in expressions.
        url: where the UI is, `kestra.url` in expressions.
        inline_limit: bytes of a task's outputs, and characters of a log message, that stay in the
            database; what is bigger goes to a file in internal storage.
        log_lines: how many lines of an attempt go to the database, and further ones to a file.
        encryption_key: keys for what is stored encrypted, `id:Base64` with commas between, the
            first for new values; from a file in `home` when None.
    """

    home: Path
    repository: str | None = None
    storage: str | None = None
    workers: int = 32
    tenant: str = "main"
    env_prefix: str = "ENV_"
    variables: Mapping[str, Any] = field(default_factory=dict)
    url: str | None = None
    inline_limit: int = 1 << 20
    log_lines: int = 100_000
    encryption_key: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str], home: Path | None = None) -> Settings:
        """Return the settings of a set of environment variables; `home` wins over theirs.

        Raises:
            InputError: a variable has a value that it cannot have.
        """
        return cls(
            home=home or default_home(environ),
            repository=environ.get("TIERCEL_REPOSITORY"),
            storage=environ.get("TIERCEL_STORAGE"),
            workers=_count(environ, "TIERCEL_WORKERS", 32),
            url=environ.get("TIERCEL_URL"),
            inline_limit=_count(environ, "TIERCEL_INLINE_LIMIT", 1 << 20),
            log_lines=_count(environ, "TIERCEL_LOG_LINES", 100_000),
            encryption_key=environ.get("TIERCEL_ENCRYPTION_KEY"),
        )


def _count(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not text.strip().isdecimal() or int(text) < 1:
        raise InputError(f"{name} is {text!r}; it must be a whole number, 1 or more")
    return int(text)


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return `TIERCEL_HOME`, or `tiercel` in the user's XDG data folder."""
    if environ.get("TIERCEL_HOME"):
        return Path(environ["TIERCEL_HOME"]).expanduser()
    data = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "tiercel"
