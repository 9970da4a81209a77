"""`List`, `Download` and `Downloads` of SFTP."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from tiercel.plugin import Example, Output, Property, RunContext, Task, TaskError
from tiercel_fs.sftp import CHUNK, Remote, RemoteFile, SftpConnection, limited, pattern_of

__all__ = ["Download", "Downloads", "List"]


class Sort(StrEnum):
    """In which order files come."""

    NONE = "NONE"
    LAST_MODIFIED_ASC = "LAST_MODIFIED_ASC"
    LAST_MODIFIED_DESC = "LAST_MODIFIED_DESC"
    NAME_ASC = "NAME_ASC"
    NAME_DESC = "NAME_DESC"


class Action(StrEnum):
    """What becomes of files that were fetched."""

    MOVE = "MOVE"
    DELETE = "DELETE"
    NONE = "NONE"


class Algorithm(StrEnum):
    """How a checksum is computed."""

    MD5 = "MD5"
    SHA_1 = "SHA_1"
    SHA_256 = "SHA_256"
    SHA_512 = "SHA_512"


_NEVER = datetime.min.replace(tzinfo=UTC)
_SORTS: dict[Sort, tuple[Callable[[RemoteFile], Any], bool]] = {
    Sort.LAST_MODIFIED_ASC: (lambda file: file.updated_date or _NEVER, False),
    Sort.LAST_MODIFIED_DESC: (lambda file: file.updated_date or _NEVER, True),
    Sort.NAME_ASC: (lambda file: file.name, False),
    Sort.NAME_DESC: (lambda file: file.name, True),
}


class ListOutput(Output):
    """What `List` gives to later tasks."""

    files: list[RemoteFile]
    """The files."""


class List(SftpConnection, Task[ListOutput]):
    """List the files of a folder on an SFTP server."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "List the CSV files of a folder",
            """\
id: list_files
namespace: company.team

tasks:
  - id: list
    type: io.kestra.plugin.fs.sftp.List
    host: files.company.example
    username: robot
    password: "{{ secret('SFTP_PASSWORD') }}"
    from: /upload
    regExp: .*\\\\.csv

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.list.files | jq('.[].name') }}"
""".replace("\\\\", "\\"),
        ),
    )

    from_: Property[str] = Field(alias="from")
    """The folder."""
    reg_exp: Property[str] | None = None
    """A regular expression that the whole path of a file must match."""
    recursive: Property[bool] = Property.of(False)
    """Whether files of folders below it count."""
    max_files: Property[int] = Property.of(25)
    """How many files at most."""
    sort: Property[Sort] = Property.of(Sort.NONE)
    """In which order, before the others are left out; by path by default."""

    async def run(self, ctx: RunContext) -> ListOutput:
        """List the files.

        Raises:
            TaskError: there is no such folder, or the server cannot be reached.
        """
        folder, pattern = ctx.render(self.from_), pattern_of(ctx, self.reg_exp)
        async with self.remote(ctx) as remote:
            files = await remote.files(folder, pattern, deep=ctx.render(self.recursive))
        ctx.log("DEBUG", f"Found '{len(files)}' files from '{remote.uri(folder)}'")
        order = ctx.render(self.sort)
        if order is not Sort.NONE:
            key, backwards = _SORTS[order]
            files.sort(key=key, reverse=backwards)
        return ListOutput(files=limited(ctx, files, self.max_files))


class DownloadOutput(Output):
    """What `Download` gives to later tasks."""

    from_: str = Field(alias="from")
    """Where the file was."""
    to: str
    """The stored file."""
    checksum: str
    """Its checksum, in hexadecimal digits."""


class Download(SftpConnection, Task[DownloadOutput]):
    """Carry a file of an SFTP server into internal storage."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Fetch a file",
            """\
id: fetch_a_file
namespace: company.team

tasks:
  - id: fetch
    type: io.kestra.plugin.fs.sftp.Download
    host: files.company.example
    username: robot
    password: "{{ secret('SFTP_PASSWORD') }}"
    from: /upload/orders.csv
""",
        ),
    )

    from_: Property[str] = Field(alias="from")
    """The file."""
    validate_checksum: Property[bool] = Property.of(False)
    """Fail, and keep nothing, unless the file has the checksum that is expected."""
    checksum_expected: Property[str] | None = None
    """That checksum."""
    checksum_algorithm: Property[Algorithm] = Property.of(Algorithm.SHA_256)
    """How it is computed."""

    async def run(self, ctx: RunContext) -> DownloadOutput:
        """Fetch the file.

        Raises:
            TaskError: there is no such file, the server cannot be reached, or the file is another
                one than is expected.
        """
        path = ctx.render(self.from_)
        async with self.remote(ctx) as remote:
            stored = await remote.fetch(ctx, path)
        checksum = _checksum(ctx, stored, ctx.render(self.checksum_algorithm))
        if ctx.render(self.validate_checksum):
            expected = ctx.render(self.checksum_expected) or ""
            if expected.strip().lower() != checksum:
                ctx.storage.delete(stored)
                raise TaskError(
                    f"Checksum of {remote.uri(path)} is {checksum}, not {expected.strip()!r}"
                )
        return DownloadOutput(from_=remote.uri(path), to=stored, checksum=checksum)


class DownloadsOutput(Output):
    """What `Downloads` gives to later tasks."""

    files: list[RemoteFile]
    """The files; `path` is where each is stored."""
    output_files: dict[str, str]
    """The stored files by name."""


class Downloads(SftpConnection, Task[DownloadsOutput]):
    """Carry the files of a folder on an SFTP server into internal storage."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Fetch what is there, and clear it away",
            """\
id: fetch_files
namespace: company.team

tasks:
  - id: fetch
    type: io.kestra.plugin.fs.sftp.Downloads
    host: files.company.example
    username: robot
    password: "{{ secret('SFTP_PASSWORD') }}"
    from: /upload
    action: MOVE
    moveDirectory: /done
""",
        ),
    )

    from_: Property[str] = Field(alias="from")
    """The folder."""
    action: Property[Action] | None = None
    """What becomes of the files on the server: DELETE them, MOVE them, or NONE."""
    move_directory: Property[str] | None = None
    """Where they are moved to."""
    reg_exp: Property[str] | None = None
    """A regular expression that the whole path of a file must match."""
    recursive: Property[bool] = Property.of(False)
    """Whether files of folders below it count."""
    max_files: Property[int] = Property.of(25)
    """How many files at most."""

    async def run(self, ctx: RunContext) -> DownloadsOutput:
        """Fetch the files.

        Raises:
            TaskError: there is no such folder, the server cannot be reached, or nothing says where
                files are to be moved.
        """
        action, target = ctx.render(self.action), ctx.render(self.move_directory)
        if action is Action.MOVE and not target:
            raise TaskError("Action MOVE needs a `moveDirectory`", retryable=False)
        folder, pattern = ctx.render(self.from_), pattern_of(ctx, self.reg_exp)
        async with self.remote(ctx) as remote:
            found = await remote.files(folder, pattern, deep=ctx.render(self.recursive))
            files = limited(ctx, found, self.max_files)
            stored = [await remote.fetch(ctx, file.path, is_one_of_many=True) for file in files]
            for file in files:
                await _clear(remote, file, action, target or "")
        fetched = [
            file.model_copy(update={"path": uri}) for file, uri in zip(files, stored, strict=True)
        ]
        return DownloadsOutput(
            files=fetched, output_files={file.name: file.path for file in fetched}
        )


async def _clear(remote: Remote, file: RemoteFile, action: Action | None, folder: str) -> None:
    match action:
        case Action.DELETE:
            await remote.remove(file.path)
        case Action.MOVE:
            await remote.rename(file.path, posixpath.join("/", folder, file.name))


def _checksum(ctx: RunContext, uri: str, algorithm: Algorithm) -> str:
    if algorithm in (Algorithm.MD5, Algorithm.SHA_1):
        ctx.log("WARN", f"{algorithm} is weak: prefer SHA_256 or SHA_512")
    digest = hashlib.new(algorithm.lower().replace("_", ""), usedforsecurity=False)
    with ctx.storage.open(uri) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
