"""Where things are and how much is allowed: read once by the command line, passed down from there.

Order, the first wins: an argument, an environment variable `TIERCEL_*`, the settings file, the
default. The settings file is the one that `TIERCEL_SETTINGS` names, or `settings.yaml` in the home
folder if there is one:

    storage: s3://my-bucket/tiercel
    workers: 8
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
        secrets: URLs of secret managers, asked in this order after the environment
            (`file:///run/secrets`, or of a kind that a plugin brings).
        workers: how many tasks run at once.
        tenant: whose flows and executions these are.
        env_prefix: environment variables that begin so are `envs` in expressions.
        variables: `globals` in expressions.
        url: where the UI is, `kestra.url` in expressions.
        inline_limit: bytes of a task's outputs, and characters of a log message, that stay in the
            database; what is bigger goes to a file in internal storage.
        log_lines: how many lines of an attempt go to the database, and further ones to a file.
        http_allow: the only servers that tasks may talk to (`*.example.com`, `192.0.2.0/24`); all
            when None. What entries mean is told in `tiercel.plugin.outbound`.
        http_deny: servers that they may not talk to (`private`, `metadata`).
        encryption_key: keys for what is stored encrypted, `id:Base64` with commas between, the
            first for new values; from a file in `home` when None.
    """

    home: Path
    repository: str | None = None
    storage: str | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    workers: int = 32
    tenant: str = "main"
    env_prefix: str = "ENV_"
    variables: Mapping[str, Any] = field(default_factory=dict)
    url: str | None = None
    inline_limit: int = 1 << 20
    log_lines: int = 100_000
    http_allow: tuple[str, ...] | None = None
    http_deny: tuple[str, ...] | None = None
    encryption_key: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str], home: Path | None = None) -> Settings:
        """Return the settings of a set of environment variables; `home` wins over theirs.

        Raises:
            InputError: a variable or the settings file has a value that it cannot have.
        """
        folder = home or default_home(environ)
        path = _path(environ, folder)
        given = {name: (value, f"{name} in {path}") for name, value in _file(path).items()}
        for name, variable in _VARIABLES.items():
            if variable in environ:
                given[name] = environ[variable], variable
        return cls(
            home=folder,
            **{_FIELDS[name]: _checked(name, *found) for name, found in given.items()},
        )


_FIELDS = {
    "encryptionKey": "encryption_key",
    "envPrefix": "env_prefix",
    "httpAllow": "http_allow",
    "httpDeny": "http_deny",
    "inlineLimit": "inline_limit",
    "logLines": "log_lines",
    "repository": "repository",
    "secrets": "secrets",
    "storage": "storage",
    "url": "url",
    "variables": "variables",
    "workers": "workers",
}
"""What a settings file may hold → the attribute that it sets."""

_VARIABLES = {
    "encryptionKey": "TIERCEL_ENCRYPTION_KEY",
    "httpAllow": "TIERCEL_HTTP_ALLOW",
    "httpDeny": "TIERCEL_HTTP_DENY",
    "inlineLimit": "TIERCEL_INLINE_LIMIT",
    "logLines": "TIERCEL_LOG_LINES",
    "repository": "TIERCEL_REPOSITORY",
    "secrets": "TIERCEL_SECRETS",
    "storage": "TIERCEL_STORAGE",
    "url": "TIERCEL_URL",
    "workers": "TIERCEL_WORKERS",
}
_LISTS = frozenset({"httpAllow", "httpDeny", "secrets"})
_COUNTS = frozenset({"inlineLimit", "logLines", "workers"})


def _path(environ: Mapping[str, str], home: Path) -> Path:
    named = environ.get("TIERCEL_SETTINGS")
    path = Path(named).expanduser() if named else home / "settings.yaml"
    if named and not path.is_file():
        raise InputError(f"There is no settings file {str(path)!r}, which TIERCEL_SETTINGS names")
    return path


def _file(path: Path) -> Mapping[str, Any]:
    """Return what a settings file holds; nothing if there is none."""
    if not path.is_file():
        return {}
    from tiercel.errors import FlowSyntaxError
    from tiercel.model.yaml import parse

    try:
        text = path.read_text(encoding="utf-8")
        is_empty = all(line.lstrip()[:1] in ("", "#") for line in text.splitlines())
        held = {} if is_empty else parse(text)
    except (FlowSyntaxError, ValueError) as error:
        raise InputError(f"Cannot read settings file {str(path)!r}: {error}") from error
    if not isinstance(held, dict):
        raise InputError(f"Settings file {str(path)!r} is no mapping of settings to values")
    for name in held:
        if name not in _FIELDS:
            known = ", ".join(_FIELDS)
            raise InputError(f"Unknown setting {name!r} in {str(path)!r}; known: {known}")
    return {name: value for name, value in held.items() if value is not None}


def _checked(name: str, value: Any, where: str) -> Any:
    if name == "variables":
        if not isinstance(value, dict):
            raise InputError(f"{where} is {value!r}; it must be a mapping of names to values")
        return value
    if name in _LISTS:
        entries = tuple(map(str, value) if isinstance(value, list) else str(value).split())
        return entries if name == "secrets" else _servers(entries, where)
    if name not in _COUNTS:
        return str(value)
    text = str(value).strip()
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"{where} is {value!r}; it must be a whole number, 1 or more")
    return int(text)


def _servers(entries: tuple[str, ...], where: str) -> tuple[str, ...]:
    """Return the entries of an outbound list, which are better wrong now than in every task."""
    from tiercel.errors import TaskError
    from tiercel.plugin.outbound import Rules

    try:
        Rules.parse(entries, where)
    except TaskError as error:
        raise InputError(str(error)) from error
    return entries


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return `TIERCEL_HOME`, or `tiercel` in the user's XDG data folder."""
    if environ.get("TIERCEL_HOME"):
        return Path(environ["TIERCEL_HOME"]).expanduser()
    data = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "tiercel"
