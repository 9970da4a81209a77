"""What all key-value tasks share: the namespace they work in, and which keys are allowed."""

from __future__ import annotations

import re
from typing import TypeVar

from tiercel.plugin import Output, Property, RunContext, Task, TaskError

__all__ = ["KeyTask", "NamespaceTask", "missing"]

OutputT = TypeVar("OutputT", bound=Output, covariant=True)

_KEY = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")


class NamespaceTask(Task[OutputT]):
    """A task on the key-value pairs of one namespace."""

    namespace: Property[str] = Property("{{ flow.namespace }}", str)
    """The namespace that holds the pairs; the flow's own by default."""


class KeyTask(NamespaceTask[OutputT]):
    """A task on one key."""

    key: Property[str]
    """The key: letters, digits, `.`, `_` and `-`, the first a letter or digit."""

    def rendered_key(self, ctx: RunContext) -> str:
        """Return the key.

        Raises:
            TaskError: it has a character that keys cannot have.
        """
        key = ctx.render(self.key)
        if not _KEY.fullmatch(key):
            raise TaskError(
                "Key must start with an alphanumeric character (uppercase or lowercase) and can "
                "contain alphanumeric characters (uppercase or lowercase), dots (.), "
                "underscores (_), and hyphens (-) only.",
                retryable=False,
            )
        return key


def missing(key: str, namespace: str) -> TaskError:
    """Return the error of a task that insists on a key."""
    return TaskError(
        f"No value found for key '{key}' in namespace '{namespace}' "
        "and `errorOnMissing` is set to true"
    )
