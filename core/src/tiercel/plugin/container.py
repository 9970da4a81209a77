"""What can be said of the container that a command runs in: shared by tasks and task runners.

Script tasks have these options in their older `docker` property, and runners that use containers
have them as properties of their own. Names and defaults: `io.kestra.plugin.scripts.runner.docker`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from tiercel.model.base import Dynamic, Model, Text
from tiercel.plugin.property import Property

__all__ = ["ContainerOptions", "Cpu", "Credentials", "DeviceRequest", "Memory"]


class Credentials(Model):
    """Who may pull images from a private registry."""

    registry: Property[str] | None = None
    """The registry's address; that of the image by default."""
    username: Property[str] | None = None
    """The user's name."""
    password: Property[str] | None = None
    """The user's password."""
    auth: Property[str] | None = None
    """Base64 of `username:password`, in their place."""
    registry_token: Property[str] | None = None
    """A token of the registry."""
    identity_token: Property[str] | None = None
    """A token to ask the registry for another one."""


class Cpu(Model):
    """How much of the processors a container may use."""

    cpus: Property[float] | None = None
    """At most so many processors; `1.5` is one and a half."""


class Memory(Model):
    """How much memory a container may use; sizes are numbers with a unit, such as `512MB`."""

    memory: Property[str] | None = None
    """At most so much."""
    memory_swap: Property[str] | None = None
    """At most so much together with swap space; equal to `memory` for no swap."""
    memory_swappiness: Property[str] | None = None
    """How readily memory is swapped out, 0 to 100."""
    memory_reservation: Property[str] | None = None
    """How much is left to it when memory is short; less than `memory`."""
    kernel_memory: Property[str] | None = None
    """At most so much kernel memory; recent engines ignore or refuse it."""
    oom_kill_disable: Property[bool] | None = None
    """Do not kill its processes when memory runs out; set `memory` with it."""


class DeviceRequest(Model):
    """Devices, such as GPUs, that a container gets."""

    driver: Property[str] | None = None
    """Which driver provides them, such as `nvidia`."""
    count: Property[int] | None = None
    """How many; -1 for all."""
    device_ids: Property[list[Text]] | None = None
    """Which ones, by id."""
    capabilities: Property[list[list[str]]] | None = None
    """What they must be able to do: any of these lists, everything in it."""
    options: Property[dict[str, Text]] | None = None
    """The driver's own options."""


class ContainerOptions(Model):
    """How a container is made."""

    host: Property[str] | None = None
    """Where the engine's API is, such as `unix:///var/run/docker.sock`; by default where the
    environment variable `DOCKER_HOST` says, or that socket."""
    config: Property[str | dict[str, Any]] | None = None
    """Content of a Docker `config.json` with access to registries, as text or as a map."""
    credentials: Annotated[Credentials, Dynamic] | None = None
    """Access to a private registry."""
    user: Property[str] | None = None
    """The user, and group, that the command runs as: names or numbers, `user:group`."""
    extra_hosts: Property[list[Text]] | None = None
    """Further host names: `name:address`."""
    network_mode: Property[str] | None = None
    """The network to be in: `bridge`, `host`, `none`, or a network's name."""
    volumes: Property[list[Text]] | None = None
    """Folders of the engine's machine to mount: `/path/there:/path/in/container[:ro]`."""
    pull_policy: Property[Literal["IF_NOT_PRESENT", "ALWAYS", "NEVER"]] = Property.of(
        "IF_NOT_PRESENT"
    )
    """When to pull the image."""
    device_requests: list[DeviceRequest] | None = None
    """Devices to have."""
    cpu: Cpu | None = None
    """Limits of processor time."""
    memory: Memory | None = None
    """Limits of memory."""
    shm_size: Property[str] | None = None
    """The size of `/dev/shm`, such as `128MB`."""
    privileged: Property[bool] | None = None
    """Give it all the rights of the engine's machine."""
