"""Files that only save time: below the user's cache folder, and never trusted, needed or shared.

A file that cannot be read, or that somebody else could have written, does not exist; one that
cannot be written is not. `XDG_CACHE_HOME` moves the folder; with `TIERCEL_NO_CACHE` set to
anything there is none.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["KEPT", "read", "write"]

KEPT = 16
"""How many files of one kind stay; the oldest go."""


def read(name: str) -> bytes | None:
    """Return a file's content, or None when there is no such file of ours."""
    folder = _folder()
    if folder is None:
        return None
    file = folder / name
    try:
        status = file.stat()
        # What is in it is imported or unpickled: only we ourselves may have written it.
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
            return None
        return file.read_bytes()
    except OSError:
        return None


def write(name: str, content: bytes) -> None:
    """Write a file so that a reader sees all of it or nothing.

    Args:
        name: its kind, a hyphen, and what tells it from others of the kind.
        content: what is in it.
    """
    folder = _folder()
    if folder is None:
        return
    from tempfile import NamedTemporaryFile

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, delete=False) as temporary:
            temporary.write(content)
        os.replace(temporary.name, folder / name)
        _tidy(folder, name.partition("-")[0])
    except OSError:
        return


def _tidy(folder: Path, kind: str) -> None:
    files = sorted(folder.glob(f"{kind}-*"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[KEPT:]:
        file.unlink(missing_ok=True)


def _folder() -> Path | None:
    if os.environ.get("TIERCEL_NO_CACHE"):
        return None
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "tiercel"
