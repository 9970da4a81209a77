"""From a task runner's properties to what the engine's API is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tiercel.plugin import TaskError

if TYPE_CHECKING:
    from docker import APIClient

    from tiercel.plugin import RunContext, RunnerCommand
    from tiercel_docker.runner import Docker

__all__ = ["container_settings", "labels_of"]

_LONGEST_LABEL = 63


def labels_of(ctx: RunContext) -> dict[str, str]:
    """Return the labels that tell whose container it is: those that Kestra gives."""
    variables = ctx.variables
    values = {
        "namespace": variables["flow"]["namespace"],
        "flow-id": variables["flow"]["id"],
        "task-id": variables["task"]["id"],
        "execution-id": variables["execution"]["id"],
        "taskrun-id": variables["taskrun"]["id"],
        "taskrun-attempt": variables["taskrun"]["attemptsCount"],
    }
    return {
        f"kestra.io/{name}": str(value)[:_LONGEST_LABEL].rstrip("-._")
        for name, value in values.items()
    }


def container_settings(
    ctx: RunContext, runner: Docker, command: RunnerCommand, engine: APIClient
) -> dict[str, Any]:
    """Return the arguments of `APIClient.create_container`, but for the image.

    Raises:
        TaskError: a property has a value that means nothing.
    """
    from docker.utils.ports import build_port_bindings

    try:
        ports = build_port_bindings(ctx.render(runner.port_bindings) or [])
    except ValueError as error:
        raise TaskError(f"Invalid portBindings: {error}", retryable=False) from error
    host = {
        "binds": _mounts(ctx, runner, command),
        "extra_hosts": ctx.render(runner.extra_hosts),
        "network_mode": ctx.render(runner.network_mode),
        "privileged": ctx.render(runner.privileged) or False,
        "shm_size": _size("shmSize", ctx.render(runner.shm_size)),
        "port_bindings": ports or None,
        "device_requests": _devices(ctx, runner),
        **_limits(ctx, runner),
    }
    given = {name: value for name, value in host.items() if value is not None}
    return {
        "command": list(command.argv),
        "environment": dict(command.env),
        "working_dir": str(command.cwd),
        "user": ctx.render(runner.user),
        "entrypoint": ctx.render(runner.entry_point) or None,
        "labels": labels_of(ctx),
        "ports": [tuple(port.split("/")) for port in ports] or None,
        "host_config": engine.create_host_config(**given),
    }


def _mounts(ctx: RunContext, runner: Docker, command: RunnerCommand) -> list[str]:
    given = ctx.render(runner.volumes)
    mounts = list(given or ())
    if ctx.render(runner.file_handling_strategy) == "MOUNT":
        mounts.append(f"{command.cwd}:{command.cwd}:rw")
    return mounts


def _limits(ctx: RunContext, runner: Docker) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    cpus = ctx.render(runner.cpu.cpus) if runner.cpu else None
    if cpus is not None:
        limits["nano_cpus"] = int(cpus * 1_000_000_000)
    if runner.memory:
        memory = runner.memory
        limits |= {
            "mem_limit": _size("memory.memory", ctx.render(memory.memory)),
            "memswap_limit": _size("memory.memorySwap", ctx.render(memory.memory_swap)),
            "mem_reservation": _size(
                "memory.memoryReservation", ctx.render(memory.memory_reservation)
            ),
            "kernel_memory": _size("memory.kernelMemory", ctx.render(memory.kernel_memory)),
            "mem_swappiness": _size(
                "memory.memorySwappiness", ctx.render(memory.memory_swappiness)
            ),
            "oom_kill_disable": ctx.render(memory.oom_kill_disable),
        }
    return limits


_UNITS = {unit: 1024**power for power, unit in enumerate(("", "K", "M", "G", "T"))}


def _size(name: str, text: str | None) -> int | None:
    """Return a size in bytes: `512MB`, `512m`, `0.5 GiB` or `1024`; a kilobyte has 1,024 bytes."""
    if text is None:
        return None
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if not found:
        raise TaskError(
            f"Invalid {name} {text!r}; a size is a number with a unit, such as 512MB",
            retryable=False,
        )
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _devices(ctx: RunContext, runner: Docker) -> list[Mapping[str, Any]] | None:
    from docker.types import DeviceRequest

    if not runner.device_requests:
        return None
    return [
        DeviceRequest(
            **{
                name: value
                for name in ("driver", "count", "device_ids", "capabilities", "options")
                if (value := ctx.render(getattr(device, name))) is not None
            }
        )
        for device in runner.device_requests
    ]
