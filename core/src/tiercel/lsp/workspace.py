"""The flows of an editor's folders and open files, and what follows from each of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from tiercel.check.checker import Checker, Document
from tiercel.check.interfaces import Interface, Interfaces
from tiercel.errors import FlowSyntaxError
from tiercel.model import yaml
from tiercel.model.flow_files import is_flow, yaml_files

__all__ = ["Flows"]

_MOST_FILES = 5000
"""More than there are in any folder of flows."""


class Flows:
    """The flows that an editor knows, by file.

    Args:
        checker: checks them.
    """

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._stored: dict[str, Interface] = {}
        self._open: dict[str, str] = {}
        self._documents: dict[str, Document] = {}
        self._known: Interfaces | None = None

    def read_folders(self, folders: Iterable[Path]) -> None:
        """Take in the flows that are in folders."""
        for folder in folders:
            for path in islice(yaml_files(folder), _MOST_FILES):
                self.read(path)

    def read(self, path: Path) -> None:
        """Take in what is in a file now; it may be gone."""
        name = str(path)
        self._known = None
        self._documents.clear()
        self._stored.pop(name, None)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return
        interface = _interface(text, name)
        if interface is not None:
            self._stored[name] = interface

    def open(self, file: str, text: str) -> None:
        """Take in an open file's text as it is in the editor."""
        if self._open.get(file) != text:
            self._open[file] = text
            self._forget(file)

    def close(self, file: str) -> None:
        """Note that a file is no longer open: what counts is on the disk again."""
        self._open.pop(file, None)
        self._forget(file)
        self.read(Path(file))

    def _forget(self, file: str) -> None:
        before = self._known
        self._known = None
        # Other flows look different only if what this one shows has changed.
        if before is None or list(before) != list(self.known):
            self._documents.clear()
        self._documents.pop(file, None)

    @property
    def files(self) -> list[str]:
        """The open files that are flows."""
        return [file for file, text in self._open.items() if is_flow(text)]

    @property
    def known(self) -> Interfaces:
        """What the flows show each other."""
        if self._known is None:
            opened = (_interface(text, file) for file, text in self._open.items())
            stored = (each for file, each in self._stored.items() if file not in self._open)
            self._known = Interfaces([*stored, *filter(None, opened)])
        return self._known

    def document(self, file: str) -> Document | None:
        """Return an open file's flow, or None when it is none."""
        text = self._open.get(file)
        if text is None or not is_flow(text):
            return None
        found = self._documents.get(file)
        if found is None:
            found = self._documents[file] = self._checker.open(text, file, self.known)
        return found


def _interface(text: str, file: str) -> Interface | None:
    if not is_flow(text):
        return None
    try:
        return Interface.of(yaml.parse(text), file)
    except FlowSyntaxError:
        return None
