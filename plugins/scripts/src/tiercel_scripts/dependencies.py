"""Installs the packages that a Python script asks for, once for all scripts that ask for the same.

They go into a folder that is put on the script's `PYTHONPATH`, so no environment of this machine is
touched and nothing must be installed in an image. Folders are kept in the user's cache
(`XDG_CACHE_HOME`, by default `~/.cache`) under `tiercel/python`, named after a digest of all that
decides about their content, and dropped a month after their last use. What is in one stays as it
is: an unpinned requirement keeps the version that was current at first. With `TIERCEL_NO_CACHE` set
to anything nothing is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tiercel.plugin import RunnerCommand, TaskError, scratch_file
from tiercel_scripts.process import PROCESS, Process

if TYPE_CHECKING:
    from tiercel.plugin import RunContext

__all__ = ["Installation", "PackageManager", "find_python", "installed"]

PackageManager = Literal["UV", "PIP"]
_FORMAT = 1
_KEPT_SECONDS = 30 * 24 * 3600
# Asked of the interpreter that is to import the packages: what compiled code must match.
_IDENTITY = "import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform())"
_VERSION = "import platform; print(platform.python_version())"
_TOLD = 20
"""Lines of an installer's output that its error shows."""


class Installation:
    """What is to be installed, and for which Python.

    Args:
        requirements: lines as in a requirements file.
        manager: what installs them.
        env: the script's own environment variables: they may name an index.
        python: the interpreter that will import them; None for one in a container.
        version: the version of that one, such as `3.13`.
    """

    def __init__(
        self,
        requirements: Sequence[str],
        manager: PackageManager,
        env: Mapping[str, str],
        python: str | None = None,
        version: str | None = None,
    ) -> None:
        self.requirements = list(requirements)
        self.env = env
        self._python = python
        self._version = version
        self._uv = _find_uv() if manager == "UV" else None

    def key(self, ctx: RunContext) -> str:
        """Return a digest of everything that decides which files are installed."""
        if self._python is None:
            target = [f"python {self._version}", platform.machine()]
        else:
            target = _ask(ctx, [self._python, "-c", _IDENTITY], self.env)
        environment = os.environ | dict(self.env)
        indexes = sorted(
            item for item in environment.items() if item[0].startswith(("UV_", "PIP_"))
        )
        content = [_FORMAT, target, sorted(self.requirements), indexes, self._uv is not None]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def is_lasting(self) -> bool:
        """Return whether the same requirements mean the same packages next time.

        A path, or an option that leads to one, is read anew each time.
        """
        return not any(
            line.startswith(("-", ".", "/", "~")) or "file:" in line for line in self.requirements
        )

    def install(self, ctx: RunContext, folder: Path) -> None:
        """Install everything into a folder.

        Raises:
            TaskError: that failed; the message ends as the installer's output did.
        """
        file = scratch_file(ctx, ".txt")
        file.write_text("\n".join(self.requirements) + "\n", encoding="utf-8")
        if self._uv:
            argv = [self._uv, "pip", "install", "--no-progress", "--color", "never"]
            # A script that changes a file of its packages must not change uv's own copy.
            argv += ["--link-mode", "copy"]
            argv += ["--python", self._python or sys.executable]
            argv += ["--python-version", self._version] if self._version else []
        else:
            argv = [self._python or sys.executable, "-m", "pip", "install", "--no-input"]
            argv += ["--disable-pip-version-check"]
            if self._version:
                argv += ["--python-version", self._version, "--only-binary", ":all:"]
        _ask(ctx, [*argv, "--target", str(folder), "--requirement", str(file)], self.env)


def installed(ctx: RunContext, wanted: Installation, *, cached: bool) -> Path:
    """Return a folder that holds what is wanted, as `PYTHONPATH` names it.

    Args:
        ctx: what the task was given.
        wanted: the packages.
        cached: whether a folder of the cache will do, and a new one is kept there.

    Raises:
        TaskError: they could not be installed.
    """
    cache = _cache() if cached and wanted.is_lasting() else None
    kept = cache / wanted.key(ctx) if cache else None
    if kept and _is_ours(kept):
        ctx.log("DEBUG", f"Python packages are those of {kept}")
        os.utime(kept)
        return kept
    if cache is None or kept is None or kept.exists():
        folder = scratch_file(ctx, "-python")
        wanted.install(ctx, folder)
        return folder
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="new-", dir=cache) as temporary:
        made = Path(temporary, "packages")
        wanted.install(ctx, made)
        # Another task may have been faster: its packages are as good.
        with suppress(OSError):
            made.rename(kept)
    ctx.log("DEBUG", f"Python packages took {time.monotonic() - began:.1f} s, kept in {kept}")
    _tidy(cache)
    return kept


def find_python(ctx: RunContext, version: str, manager: PackageManager) -> str:
    """Return the path of a Python of this machine; uv fetches one that is not there.

    Args:
        ctx: what the task was given.
        version: as much of it as matters, such as `3.12`.
        manager: with PIP, only what is installed counts.

    Raises:
        TaskError: there is no such Python.
    """
    uv = _find_uv() if manager == "UV" else None
    if uv:
        find = [uv, "python", "find", "--system", version]
        with suppress(TaskError):
            return _ask(ctx, find, {})[-1]
        _ask(ctx, [uv, "python", "install", version], {})
        return _ask(ctx, find, {})[-1]
    parts = version.split(".")
    names = (f"python{'.'.join(parts[:2])}", f"python{parts[0]}", "python3", "python")
    for path in filter(None, map(shutil.which, names)):
        with suppress(TaskError):
            (found,) = _ask(
                ctx, [path, "-c", "import platform as p; print(p.python_version())"], {}
            )
            if found.split(".")[: len(parts)] == parts:
                return path
    raise TaskError(
        f"No Python {version} found on this machine; install it, or uv, which fetches it",
        retryable=False,
    )


def _ask(ctx: RunContext, argv: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """Run a program to its end and return what it wrote on standard output."""
    output: list[str] = []
    last: deque[str] = deque(maxlen=_TOLD)

    def hear(is_stderr: bool, line: str) -> None:
        ctx.log("DEBUG", line)
        last.append(line)
        if not is_stderr:
            output.append(line)

    command = RunnerCommand(argv=argv, cwd=ctx.working_dir, env=env, on_line=hear)
    result = Process(type=PROCESS).run(ctx, command)
    if result.exit_code:
        said = "\n".join(last) or f"exit code {result.exit_code}"
        raise TaskError(f"{Path(argv[0]).name} {argv[1]} failed: {said}")
    return output


def _find_uv() -> str | None:
    beside = str(Path(sys.executable).parent)
    return os.environ.get("UV_PATH") or shutil.which("uv") or shutil.which("uv", path=beside)


def _cache() -> Path | None:
    if os.environ.get("TIERCEL_NO_CACHE"):
        return None
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base, "tiercel", "python")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if _is_ours(folder) else None


def _is_ours(folder: Path) -> bool:
    """Return whether a folder is there, and nobody else could have put code into it."""
    try:
        status = folder.stat()
    except OSError:
        return False
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _tidy(cache: Path) -> None:
    oldest = time.time() - _KEPT_SECONDS
    for folder in cache.iterdir():
        with suppress(OSError):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder)
