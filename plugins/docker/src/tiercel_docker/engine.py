"""The way to a container engine: any that speaks Docker's API, through Docker's own library."""

from __future__ import annotations

import json
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tarfile import ReadError, TarError
from typing import TYPE_CHECKING, Any, TypeVar

from tiercel.plugin import TaskError, TaskKilledError

if TYPE_CHECKING:
    from docker import APIClient

    from tiercel.plugin import ContainerOptions, RunContext

__all__ = ["PAUSES", "address", "asked", "connected", "is_dropped", "pull", "told"]

# Where engines listen when nobody says where: Docker, Docker Desktop, Podman, Podman of a user.
_SOCKETS = (
    "/var/run/docker.sock",
    "~/.docker/run/docker.sock",
    "/run/podman/podman.sock",
    "$XDG_RUNTIME_DIR/podman/podman.sock",
)
_PATIENCE = 10.0
PAUSES = (0.1, 0.5, 2.0)
"""Seconds before an engine is asked once more for what it could not do just now."""
_PROCESS = "io.kestra.plugin.core.runner.Process"
T = TypeVar("T")


def address(ctx: RunContext, options: ContainerOptions) -> str:
    """Return where the engine is: as the task says, as the environment says, or where one is."""
    given = ctx.render(options.host) or os.environ.get("DOCKER_HOST")
    if given:
        return given
    sockets = (Path(os.path.expandvars(path)).expanduser() for path in _SOCKETS)
    return f"unix://{next((path for path in sockets if path.exists()), _SOCKETS[0])}"


@contextmanager
def connected(host: str) -> Iterator[APIClient]:
    """Connect to an engine.

    Args:
        host: its address; `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` of the environment say how.

    Raises:
        TaskError: nothing answers there.
    """
    import docker
    from docker.utils import kwargs_from_env

    try:
        _try(host)
        arguments = kwargs_from_env(environment={**os.environ, "DOCKER_HOST": host})
        client = docker.APIClient(**arguments)
    except (docker.errors.DockerException, OSError) as error:
        raise TaskError(
            f"No container engine answers at {host}: {error}. Start one, name another one by "
            f"`host` or DOCKER_HOST, or run the script as a process with the task runner {_PROCESS}"
        ) from error
    with closing(client):
        yield client


def _try(host: str) -> None:
    """Fail early, and in plain words, when nobody listens at a socket of this machine."""
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
            tried.settimeout(_PATIENCE)
            tried.connect(host.removeprefix("unix://"))


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn an engine's refusals, and its silence, into task errors that say what was asked."""
    import docker
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except docker.errors.APIError as error:
        reason = error.explanation or str(error)
        # What the engine calls the client's fault is no better the next time.
        raise TaskError(f"Cannot {what}: {reason}", retryable=error.is_server_error()) from error
    except (docker.errors.DockerException, RequestException, HTTPError, TarError, OSError) as error:
        raise TaskError(f"Cannot {what}: {error}") from error


def asked(what: str, ask: Callable[[], T]) -> T:
    """Return an engine's answer; ask again when it drops the connection, as one under load may.

    Args:
        what: as for `told`.
        ask: what does no harm when it is done twice.

    Raises:
        TaskError: the engine refused, or went on dropping connections.
    """
    for pause in PAUSES:
        try:
            with told(what):
                return ask()
        except TaskError as error:
            if not is_dropped(error):
                raise
        time.sleep(pause)
    with told(what):
        return ask()


def is_dropped(error: BaseException) -> bool:
    """Return whether an error, or what caused it, is a connection that broke off."""
    from requests import exceptions
    from urllib3.exceptions import ProtocolError

    cause = error.__cause__ if isinstance(error, TaskError) else error
    broken = (
        exceptions.ConnectionError,
        exceptions.ChunkedEncodingError,
        ProtocolError,
        ConnectionError,
        ReadError,  # of a tar stream that ends before its end
    )
    return isinstance(cause, broken) and not isinstance(cause, exceptions.Timeout)


def pull(
    ctx: RunContext, engine: APIClient, host: str, image: str, options: ContainerOptions
) -> None:
    """Make sure that an image is there, as the pull policy wants it.

    Args:
        ctx: what the task was given.
        engine: a connection to the engine.
        host: the engine's address.
        image: the image's name.
        options: the pull policy, and access to the registry.

    Raises:
        TaskError: it cannot be pulled.
        TaskKilledError: the task was stopped meanwhile.
    """
    import docker

    policy = ctx.render(options.pull_policy)
    if policy == "NEVER":
        return
    if policy == "IF_NOT_PRESENT":
        try:
            asked(
                f"look for image {image!r}",
                lambda: engine.inspect_image(image),  # type: ignore[no-untyped-call]  # the stubs forgot it
            )
            return
        except TaskError as error:
            if not isinstance(error.__cause__, docker.errors.NotFound):
                raise
    access = _access(ctx, image, options)
    reason = asked(f"pull image {image!r}", lambda: _pulled(ctx, host, image, access))
    if reason:
        raise TaskError(f"Cannot pull image {image!r}: {reason}")
    ctx.log("DEBUG", f"Image {image} was pulled")


def _pulled(ctx: RunContext, host: str, image: str, access: dict[str, Any] | None) -> str | None:
    """Pull an image; return why that failed, or None.

    An engine may be silent for long while it pulls, and a kill is not to wait for it.
    """
    ended: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            with connected(host) as engine:
                lines = engine.pull(image, stream=True, decode=True, auth_config=access)
                reasons = [line["error"] for line in lines if "error" in line]
            ended.put(reasons[-1] if reasons else None)
        except Exception as error:  # whoever waits raises it
            ended.put(error)

    ctx.on_kill(lambda: ended.put(None))
    threading.Thread(target=work, daemon=True).start()
    outcome = ended.get()
    if ctx.cancelled:
        raise TaskKilledError(f"Killed while image {image!r} was pulled")
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _access(ctx: RunContext, image: str, options: ContainerOptions) -> dict[str, Any] | None:
    """Return what the engine shows the image's registry, or None for the user's own settings."""
    from docker import auth
    from docker.utils import parse_repository_tag

    registry, _ = auth.resolve_repository_name(parse_repository_tag(image)[0])
    given = ctx.render(options.config)
    config = json.loads(given) if isinstance(given, str) else dict(given or {})
    own = _credentials(ctx, options)
    if own:
        # Without an address they are for the registry that the image comes from.
        wanted = own.get("serveraddress") or registry
        if auth.resolve_index_name(wanted) == registry:
            return own
    return (
        auth.AuthConfig.load_config(None, config).resolve_authconfig(registry) if config else None
    )


def _credentials(ctx: RunContext, options: ContainerOptions) -> dict[str, str]:
    from docker import auth

    given = options.credentials
    if given is None:
        return {}
    named: Mapping[str, str | None] = {
        "username": ctx.render(given.username),
        "password": ctx.render(given.password),
        "identitytoken": ctx.render(given.identity_token),
        "registrytoken": ctx.render(given.registry_token),
        "serveraddress": ctx.render(given.registry),
    }
    found = {name: value for name, value in named.items() if value}
    if encoded := ctx.render(given.auth):
        try:
            found["username"], found["password"] = auth.decode_auth(encoded)
        except ValueError as error:
            raise TaskError("`credentials.auth` is no Base64 of `user:password`") from error
    return found
