"""Files of the working folder on their way into a container and back, as tar streams.

What comes back was written by whoever wrote the image and the script: nothing of it may lead out of
the working folder, or make Tiercel read what lies outside.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

__all__ = ["pack", "remove_stray_links", "unpack"]

_IN_MEMORY = 8 << 20
_CHUNK = 1 << 20
_END_MARK = 2 * tarfile.BLOCKSIZE
# Belongs to the task itself: the script must not change what is in it.
_SCRATCH = ".tiercel"


def pack(folder: Path) -> IO[bytes]:
    """Return a tar file with a folder and all that is in it, under its absolute path.

    In the container anybody may write to the folder: whom the command runs as is not known here.
    """
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # the caller closes it
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(folder, str(folder).lstrip("/"), filter=_opened)
        end = archive.offset
    # Podman stops reading behind the end mark, and takes the padding that follows for a failure.
    file.truncate(end + _END_MARK)
    file.seek(0)
    return file


def _opened(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if not (member.isdir() or member.isreg() or member.issym()):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode |= 0o777 if member.isdir() else 0o644
    return member


def unpack(chunks: Iterable[bytes], folder: Path) -> None:
    """Write the files of a tar stream into a folder; its first path component is left out.

    Raises:
        TarError: the stream is cut off, or no tar stream.
    """
    links: list[tuple[Path, str]] = []
    reader = _Reader(iter(chunks))
    with tarfile.open(fileobj=reader, mode="r|") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts[1:]
            if not parts or ".." in parts or parts[0] == _SCRATCH:
                continue
            path = folder.joinpath(*parts)
            if member.issym():
                links.append((path, member.linkname))
            elif member.isdir():
                _make_folder(path, folder)
            else:
                _write(archive, member, path, folder)
    # To its very end, or the connection that it comes from stays busy.
    while reader.read(_CHUNK):
        pass
    for path, target in links:
        _clear(path, folder)
        path.symlink_to(target)
    remove_stray_links(folder)


def remove_stray_links(folder: Path) -> None:
    """Remove the symbolic links in a folder that lead out of it."""
    root = folder.resolve()
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                path.unlink()


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path, folder: Path) -> None:
    if member.islnk():
        # Another name of a file that came before.
        source = folder.joinpath(*PurePosixPath(member.linkname).parts[1:])
        if source.is_symlink() or not source.is_file() or not _is_inside(source, folder):
            return
        _clear(path, folder)
        shutil.copyfile(source, path)
    elif member.isreg():
        content = archive.extractfile(member)
        assert content is not None
        _clear(path, folder)
        with path.open("wb") as target:
            shutil.copyfileobj(content, target, _CHUNK)
    else:  # a device, a pipe: nothing to keep
        return
    path.chmod(member.mode & 0o777 | 0o600)


def _make_folder(path: Path, folder: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        _clear(path, folder)
        path.mkdir()


def _clear(path: Path, folder: Path) -> None:
    """Make sure that a path can be written: its folder is there, and nothing is in its place."""
    if path.parent != folder:
        _make_folder(path.parent, folder)
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


class _Reader(io.RawIOBase):
    """Chunks of bytes as a file that is read once, from its beginning to its end."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts: list[memoryview] = []
        wanted = size
        while wanted > 0:
            if not self._rest:
                self._rest = memoryview(next(self._chunks, b""))
                if not self._rest:
                    break
            parts.append(self._rest[:wanted])
            self._rest = self._rest[wanted:]
            wanted -= len(parts[-1])
        return b"".join(parts)
