"""What settings stand for: back ends, by what the plugins registered, and shared variables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tiercel.errors import PluginError, StorageError, UnknownTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiercel.expression.environment import Environment
    from tiercel.plugin.outbound import OutboundPolicy
    from tiercel.plugin.registry import Registry
    from tiercel.repository.spi import Repository
    from tiercel.secrets.spi import SecretManager
    from tiercel.settings import Settings
    from tiercel.storage.spi import StorageBackend

__all__ = [
    "language",
    "open_outbound",
    "open_repository",
    "open_secrets",
    "open_storage",
    "shared_variables",
]


def open_repository(settings: Settings | None, registry: Registry) -> Repository:
    """Return the repository that the settings name: by default SQLite in their home folder.

    Without settings it is in memory.

    Raises:
        PluginError: no plugin brings such a repository.
    """
    if settings is None:
        from tiercel.repository.memory import MemoryRepository

        return MemoryRepository()
    url = settings.repository
    if url is None:
        settings.home.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{quote(str(settings.home / 'tiercel.db'))}"
    return cast("Repository", _open(registry, "repository", url))


def open_storage(settings: Settings | None, registry: Registry) -> StorageBackend:
    """Return the storage that the settings name: by default files in their home folder.

    Without settings it is in memory.

    Raises:
        PluginError: no plugin brings such a storage.
        StorageError: its URL is wrong, or it cannot be used.
    """
    if settings is None or settings.storage == "memory:":
        from tiercel.storage.memory import MemoryStorage

        return MemoryStorage()
    url = settings.storage
    if url is None or url.startswith("file://"):
        from tiercel.storage.local import LocalStorage

        if url is None:
            return LocalStorage(settings.home / "storage")
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        if options.keys() - {"fsync"} or options.get("fsync", "true") not in ("true", "false"):
            raise StorageError(f"Invalid storage URL {url!r}: its one option is '?fsync=true'")
        return LocalStorage(
            unquote(parts.netloc + parts.path), fsync=options.get("fsync") == "true"
        )
    return cast("StorageBackend", _open(registry, "storage", url))


def open_secrets(
    settings: Settings | None, registry: Registry, environ: Mapping[str, str]
) -> SecretManager:
    """Return where secrets are looked up: the environment, then what the settings name, in order.

    Raises:
        PluginError: no plugin brings such a secret manager.
    """
    from tiercel.secrets.environment import EnvironmentSecrets

    environment = EnvironmentSecrets(environ)
    if settings is None or not settings.secrets:
        return environment
    from tiercel.secrets.chain import SecretChain
    from tiercel.secrets.folder import FolderSecrets

    managers: list[tuple[str, SecretManager]] = [("environment", environment)]
    for url in settings.secrets:
        scheme, _, rest = url.partition(":")
        if scheme == "file":
            managers.append((url, FolderSecrets(Path(unquote(rest.removeprefix("//"))))))
        else:
            opened = cast("SecretManager", _open(registry, "secret manager", url))
            managers.append((scheme, opened))
    return SecretChain(managers)


def open_outbound(settings: Settings | None, environ: Mapping[str, str]) -> OutboundPolicy:
    """Return which servers tasks may talk to: the settings', and the environment's where they say
    nothing.

    Raises:
        TaskError: an entry of it is none.
    """
    from tiercel.plugin.outbound import ALLOW, DENY, ENVIRONMENT, OutboundPolicy

    allow = settings.http_allow if settings else None
    deny = settings.http_deny if settings else None
    return OutboundPolicy.of(
        environ.get(ENVIRONMENT[ALLOW]) if allow is None else allow,
        environ.get(ENVIRONMENT[DENY]) if deny is None else deny,
    )


def language(registry: Registry, **options: Any) -> Environment:
    """Return the expression language, with the functions of the engine and of the plugins.

    `options` are those of `Environment`.
    """
    from tiercel.engine.expressions.functions import engine_functions
    from tiercel.expression.environment import Environment

    built_in = Environment(**options).extended(functions=engine_functions())
    return built_in.extended(filters=registry.table("filter"), functions=registry.table("function"))


def shared_variables(settings: Settings | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the variables that every execution sees: `envs`, `globals`, `kestra`."""
    prefix = settings.env_prefix if settings else "ENV_"
    shared: dict[str, Any] = {
        "envs": {
            name.removeprefix(prefix).lower(): value
            for name, value in environ.items()
            if name.startswith(prefix)
        }
    }
    if settings is not None and settings.variables:
        shared["globals"] = dict(settings.variables)
    if settings is not None and settings.url:
        shared["kestra"] = {"url": settings.url}
    return shared


def _open(registry: Registry, kind: str, url: str) -> object:
    scheme = url.partition(":")[0]
    try:
        opener = registry.load(kind, scheme)
    except UnknownTypeError as error:
        from tiercel.plugin.packages import package_for_back_end

        package = package_for_back_end(kind, scheme)
        known = ", ".join(sorted(registry.registered(kind))) or "none"
        hint = f"install it with `pip install {package}`" if package else f"known: {known}"
        raise PluginError(f"No installed plugin brings the {kind} {scheme!r}; {hint}") from error
    return opener(url)
