"""Which plugins are installed: the entry points of the group `tiercel`, remembered between runs.

Reading the metadata of every installed package takes longer than a short run does otherwise. What
was found is kept in the cache folder, together with every folder of `sys.path` and the time it
last changed: to install, upgrade or remove a package changes one of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

from tiercel import _cache

__all__ = ["GROUP", "Point", "entry_points"]

GROUP = "tiercel"


class Point(NamedTuple):
    """An entry point: its name, its `module` or `module:attribute`, and whose it is."""

    name: str
    value: str
    package: str
    version: str


def entry_points() -> list[Point]:
    """Return the entry points of this Python environment, by name."""
    import json
    from hashlib import sha256

    places = [[each, _changed(each)] for each in sys.path]
    known_as = json.dumps([sys.version, sys.path])
    file = f"plugins-{sha256(known_as.encode()).hexdigest()[:24]}.json"
    found = _remembered(_cache.read(file), places)
    if found is None:
        found = sorted(_read())
        content = {"places": places, "points": found}
        _cache.write(file, json.dumps(content).encode())
    return found


def _changed(place: str) -> int | None:
    """Return when a folder of `sys.path` last changed, in nanoseconds; None when it is not there.

    The empty name is the current folder.
    """
    try:
        return os.stat(place or ".").st_mtime_ns
    except OSError:
        return None


def _remembered(content: bytes | None, places: list[list[str | int | None]]) -> list[Point] | None:
    """Return the points in a file's content, or None when it is not about these places."""
    import json

    if content is None:
        return None
    try:
        known = json.loads(content)
        if known["places"] != places:
            return None
        return [Point(*map(str, point)) for point in known["points"]]
    except (ValueError, LookupError, TypeError):
        return None


def _read() -> Iterable[Point]:
    from importlib import metadata

    for point in metadata.entry_points(group=GROUP):
        dist = point.dist
        package, version = (dist.name, dist.version) if dist else ("?", "?")
        yield Point(point.name, point.value, package, version)
