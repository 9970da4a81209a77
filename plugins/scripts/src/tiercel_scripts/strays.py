"""Finds what a script started and what left its process group since: daemons, `setsid`, `nohup`.

Every process of a script inherits an environment variable with a mark of that one run, and keeps
it whatever group or parent it moves to. What was started with another environment is still found
as long as its parents live. Linux only; elsewhere there is no `/proc` to read and nothing is found.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple

__all__ = ["MARK", "Stray", "new_mark", "strays"]

MARK = "TIERCEL_PROCESS"
"""The environment variable."""


class Stray(NamedTuple):
    """A process outside the group it was started in."""

    pid: int
    started: bytes
    """When, as the system counts: an id may be used again, but not with the same time."""


class _Process(NamedTuple):
    parent: int
    group: int
    started: bytes
    is_marked: bool


def new_mark() -> str:
    """Return a mark that no other run has."""
    return secrets.token_hex(16)


def strays(leader: int, mark: str, known: Collection[Stray] = ()) -> set[Stray]:
    """Return a run's living processes outside its group.

    Args:
        leader: the id of the process that leads the group.
        mark: the run's mark.
        known: those found before: their parents may have ended since.
    """
    processes = _processes(f"{MARK}={mark}".encode())
    found = {pid for pid, process in processes.items() if process.is_marked} | {leader}
    found.update(pid for pid, started in known if _is(processes.get(pid), started))
    children: dict[int, list[int]] = {}
    for pid, process in processes.items():
        children.setdefault(process.parent, []).append(pid)
    waiting = list(found)
    while waiting:
        new = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
        found.update(new)
        waiting += new
    return {
        Stray(pid, processes[pid].started)
        for pid in found
        if pid in processes and processes[pid].group != leader
    }


def _is(process: _Process | None, started: bytes) -> bool:
    return process is not None and process.started == started


def _processes(variable: bytes) -> dict[int, _Process]:
    """Return all living processes that can be looked at, by id."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return {}
    found = {}
    for name in filter(str.isdecimal, names):
        # It may end at any time, or be somebody else's.
        with suppress(OSError, IndexError):
            # The second field is the program's name, in parentheses, and may hold anything.
            fields = _read(name, "stat").rpartition(b")")[2].split()
            if fields[0] not in (b"Z", b"X"):
                is_marked = variable in _read(name, "environ")
                found[int(name)] = _Process(int(fields[1]), int(fields[2]), fields[19], is_marked)
    return found


def _read(pid: str, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()
