"""Outputs that are too big for the database: a file in internal storage, and a reference to it.

What is stored of them, in the task run or the execution, in events, and wherever they are handed
on, is

    {"$ref": "kestra:///company/team/…/attempt-1.json", "$bytes": 3000000, "$sealed": false}

The file holds them as JSON. It is read when an expression asks for one of them, or a person;
`$sealed` tells whether there is anything encrypted in it.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from tiercel.engine.services.sealing import holds_sealed

if TYPE_CHECKING:
    from tiercel.engine.services.files import FileStore
    from tiercel.plugin.context import StoredWriter

__all__ = ["INLINE_LIMIT", "Shelf", "holds_reference", "is_reference", "recall", "spill"]

INLINE_LIMIT = 1 << 20
"""Bytes of JSON that a task's outputs may have in the database, unless the settings say else."""

_ROOM = 32 << 20
_LONGEST_ESCAPE = 6
_KEYS = {"$ref", "$bytes", "$sealed"}
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def spill(
    outputs: Mapping[str, Any] | None, limit: int, create: Callable[[], StoredWriter]
) -> Mapping[str, Any] | None:
    """Return outputs as they may be stored: themselves, or a reference to a file with them.

    Args:
        outputs: plain data.
        limit: bytes of JSON up to which they are returned themselves.
        create: begins the file.
    """
    if outputs is None or _is_small(outputs, limit):
        return outputs
    data = _encoder.encode(outputs).encode("utf-8", "surrogatepass")
    if len(data) <= limit:
        return outputs
    with create() as file:
        file.write(data)
    return {"$ref": file.uri, "$bytes": len(data), "$sealed": holds_sealed(outputs)}


def is_reference(outputs: Any) -> TypeGuard[Mapping[str, Any]]:
    """Return whether outputs are what `spill` made of bigger ones."""
    return isinstance(outputs, Mapping) and outputs.keys() == _KEYS


def holds_reference(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Return whether data holds an execution's outputs, under `outputs`, and these were spilled.

    So do the outputs of a Subflow task, and what a Flow trigger tells.
    """
    return isinstance(value, Mapping) and is_reference(value.get("outputs"))


def recall(outputs: Any, files: FileStore) -> Any:
    """Return outputs themselves, from their file if they, or the `outputs` in them, were spilled.

    Raises:
        StoredFileNotFoundError: the file was deleted.
    """
    if holds_reference(outputs):
        return {**outputs, "outputs": recall(outputs["outputs"], files)}
    if not is_reference(outputs):
        return outputs
    with files.open(outputs["$ref"]) as file:
        return json.load(file)


class Shelf:
    """Keeps what was read of spilled outputs last, so that not every expression reads it again.

    Args:
        read: a reference → the outputs.
        room: bytes of JSON to keep; the last one read is kept whatever its size.
    """

    def __init__(self, read: Callable[[Any], Any], room: int = _ROOM) -> None:
        self._read = read
        self._room = room
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, reference: Mapping[str, Any]) -> Any:
        """Return the outputs that a reference stands for."""
        uri, size = reference["$ref"], reference["$bytes"]
        with self._lock:
            if uri in self._kept:
                self._kept.move_to_end(uri)
                return self._kept[uri][0]
        value = self._read(reference)
        with self._lock:
            self._kept[uri] = value, size
            total = sum(each for _, each in self._kept.values())
            while total > self._room and len(self._kept) > 1:
                total -= self._kept.popitem(last=False)[1][1]
        return value


def _is_small(value: Any, limit: int) -> bool:
    """Return whether JSON of plain data has `limit` bytes at most; False when that is unclear."""
    todo = [value]
    while todo and limit >= 0:
        match todo.pop():
            case str() as text:
                limit -= _LONGEST_ESCAPE * len(text) + 3
            case dict() as mapping:
                todo += mapping
                todo += mapping.values()
                limit -= 2 + 2 * len(mapping)
            case list() as items:
                todo += items
                limit -= 2 + len(items)
            case None | bool() | float():
                limit -= 25
            case number:
                limit -= 3 + number.bit_length()
    return limit >= 0
