"""`UploadFiles`: from the execution to a namespace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal

from tiercel.plugin import (
    Example,
    Property,
    RunContext,
    StoredFileNotFoundError,
    Task,
    TaskError,
    working_files,
)
from tiercel_namespace.patterns import FilesOutput

__all__ = ["UploadFiles"]

Opener = Callable[[], BinaryIO]


class UploadFiles(Task[FilesOutput]):
    """Copy files of the working folder, or of internal storage, to a namespace."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Keep a file where every flow of the namespace finds it",
            """\
id: upload_files
namespace: company.team

tasks:
  - id: query
    type: io.kestra.plugin.core.storage.Write
    extension: .sql
    content: SELECT 1

  - id: upload
    type: io.kestra.plugin.core.namespace.UploadFiles
    namespace: "{{ flow.namespace }}"
    filesMap:
      queries/one.sql: "{{ outputs.query.uri }}"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ read('queries/one.sql') }}"
""",
        ),
    )

    namespace: Property[str]
    """Whose files they become."""
    files: Property[list[str]] | None = None
    """Patterns of files in the working folder; they keep their paths."""
    files_map: Property[Any] | None = None
    """Stored files: path in the namespace → URI; or the JSON text of such a map."""
    destination: Property[str] = Property.of("/")
    """The folder of the namespace in which they are put."""
    conflict: Property[Literal["OVERWRITE", "ERROR", "SKIP"]] = Property.of("OVERWRITE")
    """What to do about a file that is there already."""

    def run(self, ctx: RunContext) -> None:
        """Copy the files; a stored file that does not exist is left out, with a warning.

        Raises:
            TaskError: neither `files` nor `filesMap` is given, or a file exists and may not change.
        """
        if self.files is None and self.files_map is None:
            raise TaskError("files or filesMap is required", retryable=False)
        namespace, conflict = ctx.render(self.namespace), ctx.render(self.conflict)
        destination = ctx.render(self.destination).strip("/")
        for name, opener in self._sources(ctx):
            path = f"{destination}/{name}".strip("/")
            if conflict != "OVERWRITE" and _exists(ctx, path, namespace):
                if conflict == "ERROR":
                    raise TaskError(
                        f"File '/{path}' already exists in namespace '{namespace}', "
                        "and `conflict` is ERROR"
                    )
                ctx.log("INFO", f"File /{path} already exists: kept as it is")
                continue
            self._put(ctx, path, opener, namespace)

    def _put(self, ctx: RunContext, path: str, opener: Opener, namespace: str) -> None:
        try:
            source = opener()
        except StoredFileNotFoundError as error:
            ctx.log("WARN", f"{error}: /{path} is left out")
            return
        with source:
            ctx.storage.put_namespace_file(path, source, namespace)

    def _sources(self, ctx: RunContext) -> Iterator[tuple[str, Opener]]:
        """Yield (path, what opens the file)."""
        patterns = ctx.render(self.files)
        if patterns:
            for name in working_files(ctx, patterns):
                yield name, partial(_local, ctx.working_dir / name)
        for name, uri in _mapping(ctx.render(self.files_map)).items():
            if not isinstance(uri, str):
                raise TaskError(f"filesMap holds {uri!r} for {name!r}: not a URI", retryable=False)
            yield name, partial(ctx.storage.open, uri)


def _local(path: Path) -> BinaryIO:
    return path.open("rb")


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise TaskError(f"filesMap is not JSON: {error}", retryable=False) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TaskError(
            f"filesMap must map paths to URIs, got {type(value).__name__}", retryable=False
        )
    return value


def _exists(ctx: RunContext, path: str, namespace: str) -> bool:
    try:
        ctx.storage.namespace_file(path, namespace).close()
    except StoredFileNotFoundError:
        return False
    return True
