"""Databases that run inside of the task: files that their SQL writes, and their own file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    Mirrors,
    Output,
    Property,
    RunContext,
    TaskError,
    Text,
    scratch_file,
    store_file,
)
from tiercel_jdbc.query import QueriesOutput, QueryProperties, ResultOutput

__all__ = [
    "EmbeddedProperties",
    "EmbeddedQueriesOutput",
    "EmbeddedQueryOutput",
    "Files",
    "FilesOutput",
    "fetched_file",
]


class FilesOutput(Output):
    """The files that the SQL wrote."""

    output_files: Annotated[dict[str, str], Mirrors("outputFiles")] = Field(default_factory=dict)
    """Stored output files: name → URI."""
    database_uri: str | None = None
    """The stored database file, with `outputDbFile`."""


class EmbeddedQueryOutput(ResultOutput, FilesOutput):
    """The result of the query, and the files that it wrote."""


class EmbeddedQueriesOutput(QueriesOutput, FilesOutput):
    """The results of all statements that have one, and the files that they wrote."""


class EmbeddedProperties(QueryProperties):
    """Properties of tasks with files."""

    extra_variables: ClassVar[Mapping[str, str]] = {
        "outputFiles": "The path for each output file, by its name.",
    }

    output_files: Property[list[Text]] | None = None
    """Names of files that the SQL writes, to the path that `{{ outputFiles.name }}` gives."""
    output_db_file: Property[bool] = Property.of(False)
    """Store the database file afterwards."""

    @contextmanager
    def _files(self, ctx: RunContext) -> Iterator[Files]:
        """Make room for the files that the SQL writes, and store them in the end."""
        names = ctx.render(self.output_files) or []
        files = Files({name: _output_path(ctx, name) for name in names})
        yield files
        files.stored = {name: _stored(ctx, name, path) for name, path in files.paths.items()}
        if files.database is not None and ctx.render(self.output_db_file):
            # A database that nothing was written to has no file yet.
            files.database.touch()
            files.database_uri = store_file(ctx, files.database)


class Files:
    """The files of a task.

    Attributes:
        database: the database's own file, once that is known; None when it is in memory.
        paths: where the SQL is to write each output file.
        stored: URIs of the output files, once they are stored.
        database_uri: URI of the database file, once it is stored.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.database: Path | None = None
        self.paths = paths
        self.stored: dict[str, str] = {}
        self.database_uri: str | None = None

    def variables(self) -> Mapping[str, Any]:
        """Return what the SQL sees of them."""
        return {"outputFiles": {name: str(path) for name, path in self.paths.items()}}


def _output_path(ctx: RunContext, name: str) -> Path:
    if "/" in name or name in ("", ".", ".."):
        raise TaskError(f"Invalid output file {name!r}: a name without folders", retryable=False)
    return scratch_file(ctx, f"-{name}")


def _stored(ctx: RunContext, name: str, path: Path) -> str:
    if not path.is_file():
        raise TaskError(f"The SQL did not write its output file {name!r}")
    return store_file(ctx, path, name)


def fetched_file(ctx: RunContext, uri: str, path: Path) -> Path:
    """Copy a stored file to a path; return the path."""
    with ctx.storage.open(uri) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    return path
