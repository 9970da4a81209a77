"""Files of a task's working folder: put in before it runs, stored after it ran.

Shared by the tasks that have `inputFiles`, `outputFiles` or `namespaceFiles`. Names and patterns
are relative to the working folder and never lead out of it. Behaviour: Kestra's `FilesService`,
golden area `flows/script`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from datetime import timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from tiercel.errors import TaskError, TaskKilledError
from tiercel.model.base import Model, scalar_text
from tiercel.plugin.property import Property
from tiercel.plugin.rendering import render_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from tiercel.plugin.context import RunContext

__all__ = [
    "NamespaceFiles",
    "glob_matches",
    "load_namespace_files",
    "localize",
    "scratch_file",
    "selected",
    "store_file",
    "store_output_files",
    "working_files",
    "write_input_files",
]

# Holds what a task needs for itself; never collected as output files.
_SCRATCH = ".tiercel"
_STORED = ("kestra://", "nsfile://")
_STORED_IN_TEXT = re.compile(r"kestra://[-\w%.+~#=/]*", re.ASCII)
_CHUNK = 1 << 20


class NamespaceFiles(Model):
    """Which files of which namespaces are copied into the working folder before the task runs."""

    enabled: Property[bool] = Property.of(True)
    """Whether to copy any."""
    include: Property[list[str]] | None = None
    """Glob patterns of the files to copy; all of them by default."""
    exclude: Property[list[str]] | None = None
    """Glob patterns of the files to leave out."""
    namespaces: Property[list[str]] = Property('["{{flow.namespace}}"]', list[str])
    """Whose files, later ones replacing earlier ones; the flow's own namespace by default."""
    folder_per_namespace: Property[bool] = Property.of(False)
    """Put each namespace's files into a folder of its name."""
    if_exists: Property[Literal["OVERWRITE", "FAIL", "WARN", "IGNORE"]] = Property.of("OVERWRITE")
    """What to do when the working folder already has such a file."""


def write_input_files(
    ctx: RunContext, files: Property[Any] | None, extra: Mapping[str, Any] | None = None
) -> list[str]:
    """Write a task's `inputFiles` into its working folder.

    Args:
        ctx: what the task was given.
        files: file name → content, or the URI of a stored file (`kestra://`, `nsfile://`); or
            JSON text of such a mapping; or an expression for one. A name without value is left out.
        extra: variables that expressions see beside the execution's.

    Returns:
        The names written.

    Raises:
        TaskError: not a mapping, or a name that leads out of the working folder.
        StorageError: a stored file cannot be read.
    """
    contents = _contents(ctx, files, extra or {})
    for name, content in contents.items():
        path = _inside(ctx.working_dir, name)
        source = _open(ctx, content) if content.startswith(_STORED) else BytesIO(content.encode())
        _copy(source, path, name)
    return list(contents)


def store_output_files(ctx: RunContext, patterns: Sequence[str]) -> dict[str, str]:
    """Store the files of the working folder that match any pattern: relative path → URI."""
    root = ctx.working_dir
    return {
        name: store_file(ctx, root / name)
        for name in _walk(root)
        if any(glob_matches(pattern, name) for pattern in patterns)
    }


def store_file(ctx: RunContext, path: Path, name: str | None = None) -> str:
    """Store one file under its name with a random prefix, so that equal names never clash.

    Raises:
        TaskKilledError: the task was stopped meanwhile; nothing of the file is stored.
        StorageError: it cannot be stored.
    """
    stored_name = f"{secrets.token_hex(8)}-{name or path.name}"
    with path.open("rb") as source, ctx.storage.create(stored_name) as writer:
        while chunk := source.read(_CHUNK):
            if ctx.cancelled:
                raise TaskKilledError(f"Killed while {path.name!r} was stored")
            writer.write(chunk)
    return writer.uri


def scratch_file(ctx: RunContext, suffix: str = "") -> Path:
    """Return the path of a new file in the working folder that is never taken for an output."""
    folder = ctx.working_dir / _SCRATCH
    folder.mkdir(exist_ok=True)
    return folder / f"{secrets.token_hex(8)}{suffix}"


def localize(ctx: RunContext, text: str) -> str:
    """Return `text` with each `kestra://` URI replaced by the path of a local copy of that file."""

    def copy(match: re.Match[str]) -> str:
        path = scratch_file(ctx, PurePosixPath(match[0]).suffix)
        _copy(ctx.storage.open(match[0]), path, match[0])
        return str(path)

    return _STORED_IN_TEXT.sub(copy, text) if "kestra://" in text else text


def load_namespace_files(ctx: RunContext, options: NamespaceFiles) -> int:
    """Copy namespace files into the working folder; return how many.

    Raises:
        TaskError: a file exists already and `ifExists` is FAIL.
    """
    if not ctx.render(options.enabled):
        return 0
    own = ctx.variables["flow"]["namespace"]
    namespaces = ctx.render(options.namespaces) or [own]
    by_name = ctx.render(options.folder_per_namespace)
    include = ctx.render(options.include)
    exclude = ctx.render(options.exclude) or []
    if_exists = ctx.render(options.if_exists)
    count, began = 0, time.monotonic()
    for namespace in namespaces:
        for name in ctx.storage.namespace_files(namespace):
            if not selected(name, include, exclude):
                continue
            path = _inside(ctx.working_dir, f"{namespace}/{name}" if by_name else name)
            if path.exists() and not _may_replace(ctx, name, if_exists):
                continue
            _copy(ctx.storage.namespace_file(name, namespace), path, name)
            count += 1
    seconds = timedelta(seconds=round(time.monotonic() - began, 3))
    ctx.log("INFO", f"Loaded {count} namespace files from '{', '.join(namespaces)}' in {seconds}")
    return count


def glob_matches(pattern: str, name: str) -> bool:
    """Return whether a relative path matches a pattern, read as Java's `PathMatcher` reads it.

    `*` and `?` stop at `/`, `**` does not; `{a,b}` and `[a-z]` are alternatives; a leading `/` or
    `./` is the folder itself. A prefix `regex:` makes the rest a regular expression.
    """
    return _compiled(pattern).fullmatch(name) is not None


def selected(name: str, include: Iterable[str] | None, exclude: Iterable[str] = ()) -> bool:
    """Return whether a namespace file is meant by patterns.

    They are those of `glob_matches`, but `/` is the root, and a pattern that begins with a letter,
    a digit or `_` is looked for in every folder (Kestra: PathMatcherPredicate).

    Args:
        name: the path, without a leading `/`.
        include: patterns of what is wanted; None or none for everything.
        exclude: patterns of what is not.
    """

    def matches(patterns: Iterable[str]) -> bool:
        return any(_compiled(pattern, anywhere=True).fullmatch(f"/{name}") for pattern in patterns)

    return (not include or matches(include)) and not matches(exclude)


def working_files(ctx: RunContext, patterns: Sequence[str]) -> list[str]:
    """Return the paths in the working folder that patterns select, as `selected` reads them."""
    return [name for name in _walk(ctx.working_dir) if selected(name, patterns)]


def _contents(
    ctx: RunContext, files: Property[Any] | None, extra: Mapping[str, Any]
) -> dict[str, str]:
    if files is None:
        return {}
    value = _rendered(ctx, files, extra)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise TaskError(f"inputFiles is not JSON: {error}", retryable=False) from error
    if not isinstance(value, dict):
        raise TaskError(
            f"inputFiles must map file names to contents, got {type(value).__name__}",
            retryable=False,
        )
    return {str(name): _text(item) for name, item in value.items() if item is not None}


def _rendered(ctx: RunContext, files: Property[Any], extra: Mapping[str, Any]) -> Any:
    if isinstance(files.raw, dict):
        # As text: what an expression makes of a map or a date is Pebble's text of it.
        return {
            ctx.render_text(name, extra): ctx.render_text(item, extra)
            if isinstance(item, str)
            else item
            for name, item in files.raw.items()
        }
    return render_with(ctx, files, extra)


def _text(value: Any) -> str:
    value = scalar_text(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _inside(root: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise TaskError(
            f"Invalid file name {name!r}: it must lie inside the working folder", retryable=False
        )
    target = root / path
    # A script may have left a symbolic link behind, in a folder that several tasks share.
    if not target.resolve().is_relative_to(root.resolve()):
        raise TaskError(f"File name {name!r} leads out of the working folder", retryable=False)
    return target


def _open(ctx: RunContext, uri: str) -> BinaryIO:
    if not uri.startswith("nsfile://"):
        return ctx.storage.open(uri)
    namespace, _, path = uri.removeprefix("nsfile://").partition("/")
    return ctx.storage.namespace_file(path, namespace or None)


def _copy(source: BinaryIO, path: Path, name: str) -> None:
    """Write all of a stream to a file of the working folder; `name` is what people call it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with source, path.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
    except OSError as error:
        reason = error.strerror or error
        raise TaskError(f"Cannot write {name!r} into the working folder: {reason}") from error


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != _SCRATCH)
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_file():
                yield path.relative_to(root).as_posix()


def _may_replace(ctx: RunContext, name: str, if_exists: str) -> bool:
    match if_exists:
        case "FAIL":
            raise TaskError(f"File {name!r} already exists in the working folder")
        case "WARN":
            ctx.log("WARN", f"File {name!r} already exists in the working folder: kept as it is")
            return False
        case "IGNORE":
            return False
    return True


@lru_cache(maxsize=256)
def _compiled(pattern: str, *, anywhere: bool = False) -> re.Pattern[str]:
    """Compile a pattern; with `anywhere`, for paths with a leading `/` and in every folder."""
    if pattern.startswith("regex:"):
        regex = pattern.removeprefix("regex:")
    else:
        glob = pattern.removeprefix("glob:")
        if not anywhere:
            regex = _regex(glob.removeprefix("./").removeprefix("/"))
        elif glob.startswith(("/", "**")):
            regex = _regex(glob)
        else:
            # A pattern that begins with a name means that name in any folder.
            regex = ("/(?:.*/)?" if glob[:1].isalnum() or glob[:1] == "_" else "/") + _regex(glob)
    try:
        return re.compile(regex, re.DOTALL)
    except re.error as error:
        raise TaskError(f"Invalid file pattern {pattern!r}: {error}", retryable=False) from error


_GLOB_TOKEN = re.compile(
    r"(?P<deep>\*\*+)|(?P<star>\*)|(?P<one>\?)|\[(?P<negated>!)?(?P<set>[^\]/]+)\]"
    r"|(?P<open>\{)|(?P<comma>,)|(?P<close>\})|\\(?P<escaped>.)|(?P<literal>.)",
    re.DOTALL,
)
_GLOB_PARTS = {"deep": ".*", "star": "[^/]*", "one": "[^/]", "open": "(?:", "close": ")"}


def _regex(glob: str) -> str:
    parts: list[str] = []
    depth = 0
    for match in _GLOB_TOKEN.finditer(glob):
        kind = match.lastgroup or ""
        depth += {"open": 1, "close": -1}.get(kind, 0)
        if kind in _GLOB_PARTS:
            parts.append(_GLOB_PARTS[kind])
        elif kind == "set":
            members = match["set"].replace("\\", r"\\").replace("^", r"\^")
            parts.append(f"[{'^/' if match['negated'] else ''}{members}]")
        elif kind == "comma":
            parts.append("|" if depth else ",")
        else:
            parts.append(re.escape(match[kind]))
    return "".join(parts)
