"""Tasks that work on the same files."""

from __future__ import annotations

import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import model_validator

from tiercel.plugin import (
    Decision,
    Duration,
    Example,
    Finish,
    FlowableView,
    Lane,
    Mirrors,
    Model,
    NamespaceFiles,
    Open,
    Output,
    Property,
    RunContext,
    State,
    Task,
    Wait,
    load_namespace_files,
    scratch_file,
    store_output_files,
    working_files,
    write_input_files,
)
from tiercel_flow.sequential import Sequential

__all__ = ["Cache", "WorkingDirectory"]

_PREPARE, _TASKS, _COLLECT = "prepare", "tasks", "collect"


class Cache(Model):
    """Files that the next execution finds in the folder again."""

    patterns: Property[list[str]]
    """Glob patterns of the files: `node_modules/**`."""
    ttl: Property[Duration] | None = None
    """How long they are used; for ever by default."""


class CollectedFiles(Output):
    """What `WorkingDirectory` gives to later tasks."""

    output_files: Annotated[dict[str, str] | None, Mirrors("outputFiles")] = None
    """The stored files: relative path → URI."""


class WorkingDirectory(Sequential):
    """Run tasks one after the other in one folder, so that each finds the files of those before.

    The folder is empty at first, but for `inputFiles`, `namespaceFiles` and what is cached.
    """

    output_type: ClassVar[type[Output]] = CollectedFiles
    shares_folder: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "A file that one script writes and the next one reads",
            """
            id: working_directory
            namespace: company.team

            tasks:
              - id: folder
                type: io.kestra.plugin.core.flow.WorkingDirectory
                inputFiles:
                  name.txt: Ada
                outputFiles:
                  - "*.md"
                tasks:
                  - id: write
                    type: io.kestra.plugin.scripts.shell.Commands
                    taskRunner:
                      type: io.kestra.plugin.core.runner.Process
                    commands:
                      - echo "Hello $(cat name.txt)" > greeting.txt
                  - id: format
                    type: io.kestra.plugin.scripts.shell.Commands
                    taskRunner:
                      type: io.kestra.plugin.core.runner.Process
                    commands:
                      - sed 's/^/# /' greeting.txt > greeting.md
              - id: show
                type: io.kestra.plugin.core.log.Log
                message: "{{ read(outputs.folder.outputFiles['greeting.md']) }}"
            """,
        ),
    )

    cache: Cache | None = None
    """Files to keep for the next execution: downloaded dependencies, say."""
    namespace_files: NamespaceFiles | None = None
    """Which namespace files are copied into the folder at first."""
    input_files: Property[dict[str, Any] | str] | None = None
    """Files to write into the folder at first: name → content, or the URI of a stored file."""
    output_files: Property[list[str]] | None = None
    """Glob patterns of the files to store at the end; `outputs.task_id.outputFiles` has them."""

    @model_validator(mode="after")
    def _refuse_flowables(self) -> Self:
        if not all(task.runnable for task in self.tasks):
            raise ValueError(
                "Only runnable tasks are allowed as children of a WorkingDirectory task"
            )
        if any(task.worker_group is not None for task in self.tasks):
            raise ValueError(
                "Cannot set a Worker Group in any WorkingDirectory sub-tasks, "
                "it is only supported at the WorkingDirectory level"
            )
        return self

    def next(self, view: FlowableView) -> Decision:
        """Put the files there, run the tasks, store the files that they leave."""
        if view.active:
            return Wait()
        if self._has_files and _PREPARE not in view.lanes:
            return Open((_step(_Prepare, _PREPARE, self),))
        if view.lanes.get(_PREPARE, State.SUCCESS).is_failed:
            return Finish(State.FAILED)
        if _TASKS not in view.lanes:
            return Open((Lane(_TASKS, tuple(self.tasks)),))
        if (self.output_files or self.cache) and _COLLECT not in view.lanes:
            return Open((_step(_Collect, _COLLECT, self),))
        return Finish(view.worst, view.values.get(_COLLECT) or None)

    @property
    def _has_files(self) -> bool:
        return bool(self.cache or self.namespace_files or self.input_files)


class _Step(Task[CollectedFiles]):
    """Work on the folder before or after the tasks."""

    folder: WorkingDirectory


class _Prepare(_Step):
    """Put files into the folder."""

    def run(self, ctx: RunContext) -> CollectedFiles:
        """Restore what is cached, then write namespace files and input files."""
        if self.folder.cache is not None:
            _restore(ctx, self.folder.cache)
        if self.folder.namespace_files is not None:
            load_namespace_files(ctx, self.folder.namespace_files)
        write_input_files(ctx, self.folder.input_files)
        return CollectedFiles()


class _Collect(_Step):
    """Store files of the folder."""

    def run(self, ctx: RunContext) -> CollectedFiles:
        """Store output files, and what is to be cached."""
        stored = store_output_files(ctx, _patterns(ctx, self.folder.output_files))
        if self.folder.cache is not None:
            _keep(ctx, self.folder.cache)
        return CollectedFiles(output_files=stored) if stored else CollectedFiles()


def _step(kind: type[_Step], key: str, folder: WorkingDirectory) -> Lane:
    step = kind.model_construct(id=folder.id, type=folder.type, folder=folder)
    return Lane(key, (step,), hidden=True)


# The cache


def _restore(ctx: RunContext, cache: Cache) -> None:
    """Unpack the archive of an earlier execution, if there is one."""
    archive = ctx.storage.open_cached(_archive_name(ctx), ctx.render(cache.ttl))
    if archive is None:
        return
    ctx.log("DEBUG", "Cache exist, downloading it")
    copy = scratch_file(ctx, ".zip")
    with archive, copy.open("wb") as target:
        while chunk := archive.read(1 << 20):
            target.write(chunk)
    with zipfile.ZipFile(copy) as packed:
        packed.extractall(ctx.working_dir)
    copy.unlink()
    _marker(ctx).touch()


def _keep(ctx: RunContext, cache: Cache) -> None:
    """Pack the files for the next execution, if any of them changed since they were unpacked."""
    names = working_files(ctx, _patterns(ctx, cache.patterns))
    marker = _marker(ctx)
    since = marker.stat().st_mtime_ns if marker.exists() else 0
    if not any((ctx.working_dir / name).stat().st_mtime_ns > since for name in names):
        ctx.log("DEBUG", "Cache files didn't change, skip updating it")
        return
    ctx.log("DEBUG", "Cache files changed, we update the cache")
    archive = scratch_file(ctx, ".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as packed:
        for name in names:
            packed.write(ctx.working_dir / name, name)
    ctx.storage.put_cached(archive, _archive_name(ctx))


def _patterns(ctx: RunContext, patterns: Property[list[str]] | None) -> list[str]:
    rendered = ctx.render(patterns)
    return rendered or []


def _archive_name(ctx: RunContext) -> str:
    """Return the archive's name: each value of a loop around has one of its own."""
    value = ctx.variables["taskrun"].get("value")
    return "cache.zip" if value is None else f"{sha256(value.encode()).hexdigest()[:16]}/cache.zip"


def _marker(ctx: RunContext) -> Path:
    """Return the file whose age tells when the folder was made ready."""
    return scratch_file(ctx).with_name("cache-restored")
