"""Which files of a folder hold flows, and which hold flow tests: much else is written in YAML."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tiercel.errors import FlowSyntaxError
from tiercel.model import yaml

__all__ = ["SUITE_ENDINGS", "is_flow", "is_suite", "yaml_files"]

SUITE_ENDINGS = (".test.yaml", ".test.yml")
"""How the names of files end that hold flow tests."""

_KEY = re.compile(r"""^(["']?)(\w+)\1[ \t]*:(?=\s|$)""", re.M)
_OF_FLOWS = frozenset({"id", "namespace", "tasks"})
_OF_OTHERS = frozenset({"flowId", "testCases"})
"""What apps and tests of flows have beside an id and a namespace."""
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "build", "dist"})


def is_suite(name: str) -> bool:
    """Return whether a file of this name holds flow tests."""
    return name.lower().endswith(SUITE_ENDINGS)


def is_flow(text: str) -> bool:
    """Return whether a text is a flow's, finished or not: it has two of what every flow has."""
    found = _keys(text)
    return len(found & _OF_FLOWS) >= 2 and not found & _OF_OTHERS


def _keys(text: str) -> set[str]:
    """Return the properties of a text; of one that is no YAML, what looks like them."""
    if text.lstrip().startswith("{"):
        try:
            data = yaml.parse(text)
        except FlowSyntaxError:
            return set()
        return {str(key) for key in data} if isinstance(data, dict) else set()
    return {match[2] for match in _KEY.finditer(text)}


def yaml_files(folder: Path) -> Iterator[Path]:
    """Yield the YAML files below a folder, in order, without suites of flow tests.

    Hidden folders, and those that tools fill, are left out.
    """
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if each not in _SKIPPED and each[0] != ".")
        for name in sorted(files):
            if name.endswith((".yaml", ".yml")) and not is_suite(name):
                yield Path(where, name)
