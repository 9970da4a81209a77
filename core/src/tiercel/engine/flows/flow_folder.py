"""`FlowFolder`: the flows of a folder's files, kept deployed as the files change.

A file that is new or changed becomes a revision, one that is gone has its flow deleted, and one
that is wrong changes nothing: the flow that it held before goes on. What the folder held last is
kept beside the database, so that files removed meanwhile are noticed at the next start.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel._record import record
from tiercel.errors import FlowError, NotFoundError, Problem
from tiercel.model.flow_files import is_flow, is_suite

if TYPE_CHECKING:
    from tiercel.engine.flows.flows import FlowBook

__all__ = ["FileChange", "FlowFolder", "memory_of"]

_SUFFIXES = {".yaml", ".yml"}
_LARGEST = 16 << 20

_Name = tuple[str, str]
"""A flow's namespace and id."""


@record
class FileChange:
    """What became of a file.

    Attributes:
        file: its path as people would write it.
        namespace: that of its flow; empty when it has none.
        flow_id: its flow; empty when it has none.
        revision: the flow's revision that is deployed now; None when the flow was deleted.
        problems: what is wrong with the file; then nothing else has changed.
    """

    file: str
    namespace: str = ""
    flow_id: str = ""
    revision: int | None = None
    problems: tuple[Problem, ...] = ()


class FlowFolder:
    """A folder with flows in YAML files; other YAML and all that is hidden are passed over.

    Args:
        folder: the folder; folders below it count, too.
        flows: where flows are deployed.
        memory: the file that keeps what the folder held; None to forget it with this object.
    """

    def __init__(self, folder: Path, flows: FlowBook, memory: Path | None) -> None:
        self._folder = folder
        self._flows = flows
        self._memory = memory
        self._held = self._recalled()
        self._seen: dict[str, Any] = {}
        self._waiting: dict[str, _Name] = {}

    def sync(self) -> list[FileChange]:
        """Deploy what is new or changed, delete what is gone; return what was done.

        Files that have not changed since the last call are not read.

        Raises:
            OSError: the folder cannot be read.
            RepositoryError: the repository is out of reach; the rest is done the next time.
        """
        before = dict(self._held)
        changes = []
        files = dict(self._files())
        for path, signature in files.items():
            if self._seen.get(path) != signature:
                changes += self._read(path)
                self._seen[path] = signature
        for path in [each for each in self._held if each not in files]:
            del self._held[path]
        for path in [each for each in self._seen if each not in files]:
            del self._seen[path]
            self._waiting.pop(path, None)
        for path, name in list(self._waiting.items()):
            if name not in self._held.values():
                changes += self._read(path)
        changes += self._delete(before)
        if self._held != before:
            self._remember()
        return changes

    def _files(self) -> Iterator[tuple[str, Any]]:
        """Yield each flow's file by its path in the folder, with what tells that it changed."""
        for folder, folders, names in os.walk(self._folder, onerror=_raise):
            folders[:] = sorted(each for each in folders if not each.startswith("."))
            for name in sorted(names):
                if name.startswith(".") or is_suite(name):
                    continue
                if Path(name).suffix.lower() not in _SUFFIXES:
                    continue
                path = Path(folder, name)
                with suppress(FileNotFoundError):  # it is gone already
                    found = path.stat()
                    signature = (found.st_mtime_ns, found.st_size, found.st_ino)
                    yield path.relative_to(self._folder).as_posix(), signature

    def _read(self, path: str) -> list[FileChange]:
        """Deploy the flow of a file; return what changed by that."""
        self._waiting.pop(path, None)
        file = str(self._folder / path)
        try:
            text = _text(self._folder / path)
            if path not in self._held and not is_flow(text):
                return []
            flow = self._flows.load(text, file)
        except FileNotFoundError:
            return []
        except FlowError as error:
            return [FileChange(file, problems=error.problems)]
        except (OSError, ValueError) as error:
            return [FileChange(file, problems=(Problem(str(error), file=file),))]
        name = (flow.namespace, flow.id)
        other = next((at for at, held in self._held.items() if held == name and at != path), None)
        if other is not None and (self._folder / other).is_file():
            self._waiting[path] = name
            message = f"Flow {flow.namespace}.{flow.id} is in {other} already"
            return [FileChange(file, problems=(Problem(message, file=file, code="twice"),))]
        before = self._deployed(name)
        revision = self._flows.save(flow, deploy=True).revision
        self._held[path] = name
        return [] if revision == before else [FileChange(file, *name, revision)]

    def _deployed(self, name: _Name) -> int | None:
        try:
            return self._flows.newest(*name).revision
        except (NotFoundError, FlowError):
            return None

    def _delete(self, before: dict[str, _Name]) -> list[FileChange]:
        """Delete the flows that no file holds any more."""
        changes = []
        held = set(self._held.values())
        for path, name in before.items():
            if name not in held:
                with suppress(NotFoundError):
                    self._flows.delete(*name)
                    changes.append(FileChange(str(self._folder / path), *name))
        return changes

    def _recalled(self) -> dict[str, _Name]:
        if self._memory is None or not self._memory.is_file():
            return {}
        held = json.loads(self._memory.read_text(encoding="utf-8"))["files"]
        return {path: (namespace, flow_id) for path, (namespace, flow_id) in held.items()}

    def _remember(self) -> None:
        if self._memory is None:
            return
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"folder": str(self._folder), "files": self._held}, indent=1)
        draft = self._memory.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self._memory)


def memory_of(home: Path, folder: Path) -> Path:
    """Return the file in a home folder that keeps what a folder of flows held."""
    digest = sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return home / "folders" / f"{digest}.json"


def _text(path: Path) -> str:
    """Return a file's text.

    Raises:
        ValueError: it is no UTF-8 text, or far too long for a flow.
    """
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"The file is longer than {_LARGEST} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"Line {line}: byte {content[error.start]:#04x} is not UTF-8 text"
        ) from None


def _raise(error: OSError) -> None:
    raise error
