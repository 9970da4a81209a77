"""Where things are and how much is allowed: read once by the command line, passed down from there.

Order, the first wins: an argument, an environment variable `TIERCEL_*`, the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Settings", "default_home"]


@dataclass(frozen=True, slots=True)
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
    """

    home: Path
    repository: str | None = None
    storage: str | None = None
    workers: int = 32
    tenant: str = "main"
    env_prefix: str = "ENV_"
    variables: Mapping[str, Any] = field(default_factory=dict)
    url: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str], home: Path | None = None) -> Settings:
        """Return the settings of a set of environment variables; `home` wins over theirs."""
        return cls(
            home=home or default_home(environ),
            repository=environ.get("TIERCEL_REPOSITORY"),
            storage=environ.get("TIERCEL_STORAGE"),
            workers=int(environ.get("TIERCEL_WORKERS", "32")),
            url=environ.get("TIERCEL_URL"),
        )


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return `TIERCEL_HOME`, or `tiercel` in the user's XDG data folder."""
    if environ.get("TIERCEL_HOME"):
        return Path(environ["TIERCEL_HOME"]).expanduser()
    data = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "tiercel"
