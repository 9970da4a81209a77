"""What tasks share that look for files of a namespace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeVar

from tiercel.plugin import Output, Property, RunContext, Task, selected

__all__ = ["FilesOutput", "PatternTask"]

OutputT = TypeVar("OutputT", bound=Output, covariant=True)


class FilesOutput(Output):
    """What tasks give to later ones that change a namespace."""

    files: dict[str, str] | None = None
    """Unused, as in Kestra."""


class PatternTask(Task[OutputT]):
    """A task on the files of a namespace that patterns select."""

    namespace: Property[str]
    """Whose files."""
    files: Property[str | list[str]]
    """Patterns of the files, or their paths: one, a list, or the JSON text of a list.

    `*` stops at `/`, `**` does not; a pattern that begins with a name is looked for in every
    folder, one that begins with `/` from the root.
    """

    def found(self, ctx: RunContext) -> Iterator[tuple[str, str]]:
        """Yield (namespace, path) of each file that is selected; it may be deleted meanwhile."""
        namespace = ctx.render(self.namespace)
        patterns = _listed(ctx.render(self.files))
        if patterns:
            for path in list(ctx.storage.namespace_files(namespace)):
                if selected(path, patterns):
                    yield namespace, path


def _listed(files: str | list[str]) -> list[str]:
    if isinstance(files, list):
        return files
    # `[a-z]*` is a pattern, and no JSON.
    try:
        listed = json.loads(files)
    except ValueError:
        return [files]
    return [str(each) for each in listed] if isinstance(listed, list) else [files]
