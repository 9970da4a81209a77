"""`Upload`, `Uploads`, `Move` and `Delete` of SFTP."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from tiercel.plugin import Example, Output, Property, RunContext, Task, TaskError, ion
from tiercel_fs.connection import told
from tiercel_fs.sftp import CHUNK, Remote, SftpConnection, limited, pattern_of

__all__ = ["Delete", "Move", "Upload", "Uploads"]

_STORED = "kestra://"


class MovedOutput(Output):
    """What `Upload` and `Move` give to later tasks."""

    from_: str = Field(alias="from")
    """Where the file was."""
    to: str
    """Where it is now."""


class Upload(SftpConnection, Task[MovedOutput]):
    """Carry a stored file to an SFTP server."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Deliver a file",
            """\
id: deliver_a_file
namespace: company.team

inputs:
  - id: report
    type: FILE

tasks:
  - id: deliver
    type: io.kestra.plugin.fs.sftp.Upload
    host: files.company.example
    username: robot
    password: "{{ secret('SFTP_PASSWORD') }}"
    from: "{{ inputs.report }}"
    to: /reports/today.csv
""",
        ),
    )

    from_: Property[str] = Field(alias="from")
    """The stored file, a `kestra://` URI."""
    to: Property[str] | None = None
    """Where it goes; by default its own name, in the first folder."""
    overwrite: Property[bool] = Property.of(True)
    """Whether a file that is there is replaced; otherwise the task fails."""

    async def run(self, ctx: RunContext) -> MovedOutput:
        """Carry the file over.

        Raises:
            TaskError: there is a file already, or the server cannot be reached, or refused.
        """
        source = ctx.render(self.from_)
        target = ctx.render(self.to) or posixpath.basename(source)
        async with self.remote(ctx) as remote:
            to = await _upload(ctx, remote, source, target, ctx.render(self.overwrite))
        return MovedOutput(from_=source, to=to)


class UploadsOutput(Output):
    """What `Uploads` gives to later tasks."""

    files: list[str]
    """Where the files are on the server."""


class Uploads(SftpConnection, Task[UploadsOutput]):
    """Carry stored files to a folder of an SFTP server."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Deliver files under names of their own",
            """\
id: deliver_files
namespace: company.team

inputs:
  - id: orders
    type: FILE

tasks:
  - id: deliver
    type: io.kestra.plugin.fs.sftp.Uploads
    host: files.company.example
    username: robot
    password: "{{ secret('SFTP_PASSWORD') }}"
    from:
      orders.csv: "{{ inputs.orders }}"
    to: /reports
""",
        ),
    )

    from_: Property[Any] = Field(alias="from")
    """The stored files: a list of URIs, a map of names to URIs, or a stored file of URIs."""
    to: Property[str]
    """The folder they go to."""
    reg_exp: Property[str] | None = None
    """A regular expression that the whole URI of a file must match."""
    max_files: Property[int] = Property.of(25)
    """How many files at most."""
    overwrite: Property[bool] = Property.of(True)
    """Whether files that are there are replaced; otherwise the task fails."""

    async def run(self, ctx: RunContext) -> UploadsOutput:
        """Carry the files over.

        Raises:
            TaskError: there is a file already, or the server cannot be reached, or refused.
        """
        pattern, folder = pattern_of(ctx, self.reg_exp), ctx.render(self.to)
        files = [
            (name, uri)
            for name, uri in _named(ctx, ctx.render(self.from_))
            if pattern is None or pattern.fullmatch(uri)
        ]
        overwrite = ctx.render(self.overwrite)
        async with self.remote(ctx) as remote:
            return UploadsOutput(
                files=[
                    await _upload(ctx, remote, uri, posixpath.join("/", folder, name), overwrite)
                    for name, uri in limited(ctx, files, self.max_files)
                ]
            )


class Move(SftpConnection, Task[MovedOutput]):
    """Move a file or a folder within an SFTP server."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Put a file aside",
            """\
id: put_aside
namespace: company.team

tasks:
  - id: move
    type: io.kestra.plugin.fs.sftp.Move
    host: files.company.example
    username: robot
    password: "{{ secret('SFTP_PASSWORD') }}"
    from: /upload/orders.csv
    to: /done/
""",
        ),
    )

    from_: Property[str] = Field(alias="from")
    """The file or folder."""
    to: Property[str]
    """Where it goes; ends in `/` when that is the folder that it goes into."""
    overwrite: Property[bool] = Property.of(False)
    """Whether a file that is there is replaced; otherwise the task fails."""

    async def run(self, ctx: RunContext) -> MovedOutput:
        """Move it.

        Raises:
            TaskError: it is not there, or there is one already, or the server refused.
        """
        source, target = ctx.render(self.from_), ctx.render(self.to)
        if target.endswith("/") and not source.endswith("/"):
            target += posixpath.basename(source)
        async with self.remote(ctx) as remote:
            with told(f"Cannot look at {remote.uri(source)}"):
                if not await remote.client.exists(remote.path(source)):
                    raise TaskError(f"Unable to find file '{remote.uri(source)}'")
            await _refuse_to_overwrite(remote, target, ctx.render(self.overwrite))
            await remote.rename(source, target)
        return MovedOutput(from_=remote.uri(source), to=remote.uri(target))


class DeleteOutput(Output):
    """What `Delete` gives to later tasks."""

    uri: str
    """What was to be deleted."""
    deleted: bool
    """Whether anything was there."""
    uris: list[str]
    """The files that were deleted, with `regExp`."""


class Delete(SftpConnection, Task[DeleteOutput]):
    """Delete a file or a folder on an SFTP server."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Delete a file",
            """\
id: delete_a_file
namespace: company.team

tasks:
  - id: delete
    type: io.kestra.plugin.fs.sftp.Delete
    host: files.company.example
    username: robot
    password: "{{ secret('SFTP_PASSWORD') }}"
    uri: /upload/orders.csv
""",
        ),
    )

    uri: Property[str]
    """The file or folder."""
    error_on_missing: Property[bool] = Property.of(False)
    """Fail when it is not there."""
    recursive: Property[bool] = Property.of(False)
    """Whether a folder goes with all that is in it, or `regExp` looks below it."""
    reg_exp: Property[str] | None = None
    """Delete only the files of the folder whose whole path it matches."""

    async def run(self, ctx: RunContext) -> DeleteOutput:
        """Delete it.

        Raises:
            TaskError: it cannot be deleted, or is not there and must be.
        """
        path, pattern = ctx.render(self.uri), pattern_of(ctx, self.reg_exp)
        deep = ctx.render(self.recursive)
        async with self.remote(ctx) as remote:
            uri = remote.uri(path)
            with told(f"Cannot delete {uri}"):
                is_there = await remote.client.exists(remote.path(path))
                if not is_there and ctx.render(self.error_on_missing):
                    raise TaskError(f"Unable to find file '{uri}'")
                if not is_there:
                    return DeleteOutput(uri=uri, deleted=False, uris=[])
                if pattern is None:
                    await _delete(remote, path, deep=deep)
                    return DeleteOutput(uri=uri, deleted=True, uris=[])
            files = await remote.files(path, pattern, deep=deep)
            for file in files:
                await remote.remove(file.path)
        gone = [remote.uri(file.path) for file in files]
        return DeleteOutput(uri=uri, deleted=bool(gone), uris=gone)


async def _delete(remote: Remote, path: str, *, deep: bool) -> None:
    client, there = remote.client, remote.path(path)
    if not await client.isdir(there):
        await client.remove(there)
    elif deep:
        await client.rmtree(there)
    else:
        await client.rmdir(there)


async def _upload(
    ctx: RunContext, remote: Remote, source: str, target: str, overwrite: bool
) -> str:
    if not source.startswith(_STORED):
        raise TaskError("'from' must be a Kestra's internal storage URI", retryable=False)
    await _refuse_to_overwrite(remote, target, overwrite)
    path = remote.path(target)
    with told(f"Cannot upload {remote.uri(target)}"), ctx.storage.open(source) as file:
        await remote.client.makedirs(posixpath.dirname(path) or ".", exist_ok=True)
        async with remote.client.open(path, "wb") as there:
            while chunk := file.read(CHUNK):
                await there.write(chunk)
    ctx.log("DEBUG", f"File '{source}' uploaded to '{remote.uri(target)}'")
    return remote.uri(target)


async def _refuse_to_overwrite(remote: Remote, target: str, overwrite: bool) -> None:
    with told(f"Cannot look at {remote.uri(target)}"):
        is_there = not overwrite and await remote.client.exists(remote.path(target))
    if is_there:
        raise TaskError(
            f"File '{posixpath.basename(target)}' already exists in the remote server and cannot "
            "be overwritten. If you want to ignore this, set `overwrite` to `true`.",
            retryable=False,
        )


def _named(ctx: RunContext, value: Any) -> Iterator[tuple[str, str]]:
    """Yield name and URI of each file that `from` stands for."""
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        value = json.loads(value)
    if isinstance(value, dict):
        yield from ((str(name), str(uri)) for name, uri in value.items())
        return
    for uri in _held(ctx, value) if isinstance(value, str) else value:
        yield posixpath.basename(str(uri)), str(uri)


def _held(ctx: RunContext, uri: str) -> list[str]:
    """Return the URIs that a stored file holds, one a line; or its own when it holds others."""
    try:
        with ctx.storage.open(uri) as file:
            held = [str(row) for row in ion.load_lines(file)]
    except ion.IonTextError:
        return [uri]
    return held if held and all(each.startswith(_STORED) for each in held) else [uri]
