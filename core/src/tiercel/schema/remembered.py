"""The schema for editors as text, kept in the cache folder between runs.

To make it, every plugin's module is imported and every model is built, which takes about a second;
to look whether the text that was made last time is still right takes a hundredth of that. It is
right as long as no file that took part has changed (every module that was imported: the core, the
plugins, their libraries), and neither has any folder of `sys.path`: to install, upgrade or remove
a package changes one. So it makes no difference whether a package is installed from a wheel or is
the working copy of its author.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from tiercel import _cache
from tiercel.plugin.discovery import entry_points

if TYPE_CHECKING:
    from tiercel.plugin.registry import Registry

__all__ = ["recall", "remember", "schema_text"]

_State = list[list[str | int | None]]


def schema_text(registry: Registry) -> str:
    """Return the schema for editors as JSON, made anew."""
    from pydantic_core import to_json

    from tiercel.schema.editor import editor_schema
    from tiercel.schema.export import aliases, flow_schema

    schema = editor_schema(flow_schema(registry), aliases(registry))
    return to_json(schema, indent=2).decode() + "\n"


def recall() -> str | None:
    """Return the text that was made last time, or None when something may have changed since."""
    kept = _cache.read(_name())
    if kept is None:
        return None
    head, _, text = kept.partition(b"\n")
    try:
        facts = json.loads(head)
        places, files = facts["places"], facts["files"]
    except (ValueError, LookupError, TypeError):
        return None
    if places != _state(sys.path) or files != _state(name for name, *_ in files):
        return None
    return text.decode()


def remember(text: str) -> None:
    """Keep a text that was just made in this process."""
    modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    facts = {"places": _state(sys.path), "files": _state(sorted({*filter(None, modules)}))}
    _cache.write(_name(), json.dumps(facts).encode() + b"\n" + text.encode())


def _name() -> str:
    """Return the name of the file for this Python environment and the plugins in use."""
    environment = [sys.version, sys.path, os.environ.get("TIERCEL_LOAD_PLUGINS"), entry_points()]
    return f"schema-{sha256(json.dumps(environment).encode()).hexdigest()[:24]}.json"


def _state(places: Iterable[str]) -> _State:
    """Return files and folders with their size and when they changed, in nanoseconds."""
    return [[place, *_status(place)] for place in places]


def _status(place: str) -> tuple[int | None, int | None]:
    try:
        status = os.stat(place or ".")
    except OSError:
        return None, None
    return status.st_size, status.st_mtime_ns
