"""Another id for a task, and everything that reads it."""

from __future__ import annotations

import re

from tiercel._record import record
from tiercel.check.checker import Document
from tiercel.check.query import Reference, references_to
from tiercel.check.source import Span
from tiercel.check.tree import Task

__all__ = ["Edit", "is_task_id", "rename_edits"]

_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]*")
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@record
class Edit:
    """A change of a text.

    Attributes:
        span: what goes.
        text: what comes in its place.
    """

    span: Span
    text: str


def is_task_id(text: str) -> bool:
    """Return whether a text can be a task's id."""
    return _ID.fullmatch(text) is not None


def rename_edits(document: Document, task: Task, new: str) -> list[Edit]:
    """Return the changes that give a task another id, wherever it is written.

    What a flowable makes for itself is called after it (`each_merge` of `each`), and changes along.
    """
    return [_edit(document, task, each, new) for each in references_to(document, task)]


def _edit(document: Document, task: Task, reference: Reference, new: str) -> Edit:
    span = reference.span
    name = new + reference.name.removeprefix(task.id)
    if reference.by_dot and not _WORD.fullmatch(name):
        scalar = document.source.scalar(reference.path)
        quote = '"' if scalar is not None and scalar.style == "'" else "'"
        # The dot goes, too.
        dot = document.text.rindex(".", 0, span.start)
        return Edit(Span(dot, span.end), f"[{quote}{name}{quote}]")
    # Quotes around it stay as they are.
    written = document.text[span.start : span.end]
    return Edit(span, written.replace(reference.name, name, 1))
