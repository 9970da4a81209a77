"""Where the flows of a test are: files by namespace and id, found without reading them as flows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from tiercel.model.flow_files import is_suite

__all__ = ["Library", "flow_files", "suite_files"]

_FIELD = re.compile(r"""^(id|namespace)\s*:\s*["']?([^"'#\s]+)""", re.MULTILINE)


class Library:
    """Flow files, read when somebody first looks for one.

    Args:
        places: files, and folders that are searched with all below them; suites are left out.
    """

    def __init__(self, places: Iterable[Path] = ()) -> None:
        self._places = tuple(places)

    def find(self, namespace: str, flow_id: str) -> Path | None:
        """Return the file of a flow, the first one in the order of the places."""
        return self._index.get((namespace, flow_id))

    def known(self) -> list[str]:
        """Return the names of all flows."""
        return sorted(".".join(name) for name in self._index)

    def mentions(self, task_id: str) -> bool:
        """Return whether a task of one of the flows may have this id."""
        declared = re.compile(rf"""\bid["']?\s*:\s*["']?{re.escape(task_id)}(?![\w-])""")
        return any(declared.search(text) for text in self._texts)

    @cached_property
    def _texts(self) -> list[str]:
        return [path.read_text(encoding="utf-8-sig") for path in self._index.values()]

    @cached_property
    def _index(self) -> dict[tuple[str, str], Path]:
        index: dict[tuple[str, str], Path] = {}
        for path in self._files():
            fields = dict(reversed(_FIELD.findall(path.read_text(encoding="utf-8-sig"))))
            if len(fields) == 2:
                index.setdefault((fields["namespace"], fields["id"]), path)
        return index

    def _files(self) -> Iterator[Path]:
        for place in self._places:
            if place.is_dir():
                yield from flow_files(place)
            else:
                yield place


def flow_files(folder: Path) -> Iterator[Path]:
    """Yield the YAML files in a folder, however deep, that are no suites; sorted."""
    return (path for path in _yaml_files(folder) if not is_suite(path.name))


def suite_files(places: Iterable[Path]) -> Iterator[Path]:
    """Yield the suites among files and in folders, however deep; files as they are."""
    for place in places:
        if place.is_dir():
            yield from (path for path in _yaml_files(place) if is_suite(path.name))
        else:
            yield place


def _yaml_files(folder: Path) -> Iterator[Path]:
    """Yield YAML files, but for what is hidden, or below `node_modules`."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n != "node_modules")
        for name in sorted(names):
            if name.lower().endswith((".yaml", ".yml")) and not name.startswith("."):
                yield Path(root, name)
