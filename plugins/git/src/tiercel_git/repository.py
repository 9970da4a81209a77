"""What tasks do with a local clone: find files in it, commit to it, tell what has changed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel.plugin import RunContext, TaskError, ion, scratch_file
from tiercel_git.remote import told

if TYPE_CHECKING:
    from dulwich.repo import Repo

    from tiercel_git.remote import GitRemote, Remote

__all__ = [
    "IGNORE_FILE",
    "author",
    "branch_clone",
    "changes",
    "commit",
    "files_below",
    "head_tree",
    "inside",
    "open_repository",
    "point_head",
    "staged_tree",
    "store_rows",
]

IGNORE_FILE = ".kestraignore"
# What is Git's own business is never synced.
_GIT_FILES = (".git", ".gitignore", ".gitkeep")
_SAMPLE = 8000


@contextmanager
def branch_clone(
    ctx: RunContext, task: GitRemote, remote: Remote, branch: str
) -> Iterator[tuple[Repo, Path]]:
    """Clone a branch into a folder of this attempt; a branch that is not there is begun.

    Yields:
        The repository and its folder.

    Raises:
        TaskError: the remote cannot be cloned.
    """
    exists = branch in remote.branches()
    if not exists:
        ctx.log("INFO", f"Branch {branch} does not exist, creating it")
    folder = scratch_file(ctx)
    repo = remote.clone(folder, branch if exists else None, depth=1)
    try:
        task.configure(ctx, repo)
        if not exists:
            point_head(repo, branch)
        yield repo, folder
    finally:
        repo.close()


@contextmanager
def open_repository(folder: Path) -> Iterator[Repo]:
    """Open the repository in a folder.

    Raises:
        TaskError: there is none.
    """
    from dulwich.repo import Repo

    with told(f"Cannot open the repository in {str(folder)!r}"):
        repo = Repo(str(folder))
    try:
        yield repo
    finally:
        repo.close()


def point_head(repo: Repo, branch: str) -> None:
    """Make a branch the current one, beginning it where HEAD is if it is new."""
    from dulwich.refs import Ref

    name = Ref(b"refs/heads/" + branch.encode())
    try:
        head = repo.head()
    except KeyError:  # no commit yet
        head = None
    if head is not None and name not in repo.refs:
        repo.refs[name] = head
    repo.refs.set_symbolic_ref(Ref(b"HEAD"), name)


def inside(folder: Path, name: str) -> Path:
    """Return a path in a clone.

    Raises:
        TaskError: it leads out of the clone, itself or through a symbolic link.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise TaskError(f"Path {name!r} leads out of the repository", retryable=False)
    return path


def files_below(ctx: RunContext, clone: Path, folder: Path, *, deep: bool = True) -> list[str]:
    """Return the files of a folder in a clone, as sorted paths below the folder.

    Git's own files are left out, and what a `.kestraignore` in the folder names.
    """
    from dulwich.ignore import IgnoreFilter

    rules = folder / IGNORE_FILE
    ignored = IgnoreFilter.from_path(str(rules)) if rules.is_file() else None
    found = []
    for path in folder.rglob("*") if deep else folder.glob("*"):
        name = path.relative_to(folder).as_posix()
        parts = path.relative_to(clone).parts
        if ".git" in parts or path.name.endswith(_GIT_FILES) or not path.is_file():
            continue
        if not path.resolve().is_relative_to(clone.resolve()):
            ctx.log("WARN", f"Left out {name!r}: it is a link out of the repository")
        elif ignored is None or not ignored.is_ignored(name):
            found.append(name)
    return sorted(found)


def author(name: str | None, email: str | None) -> bytes:
    """Return who commits."""
    if name and email:
        return f"{name} <{email}>".encode()
    return b"Tiercel <tiercel@localhost>"


def head_tree(repo: Repo) -> Any:
    """Return the tree of the newest commit; None before the first one."""
    try:
        newest: Any = repo[repo.head()]
    except KeyError:
        return None
    return newest.tree


def staged_tree(repo: Repo) -> Any:
    """Return the tree of what is staged."""
    return repo.open_index().commit(repo.object_store)


def commit(repo: Repo, message: str, by: bytes) -> str | None:
    """Commit what is staged and return the commit's id; None when nothing has changed."""
    if staged_tree(repo) == head_tree(repo):
        return None
    made = repo.get_worktree().commit(message=message.encode(), author=by, committer=by)
    return made.decode()


def changes(repo: Repo, old: Any, new: Any) -> Iterator[dict[str, str]]:
    """Return the files that differ between two trees, by path, with counts of their lines."""
    from dulwich.diff_tree import tree_changes

    found = []
    for change in tree_changes(repo.object_store, old, new):
        entry = change.new if change.new and change.new.path else change.old
        if entry is None or entry.path is None:
            continue
        before, after = (_lines(repo, side) for side in (change.old, change.new))
        added, deleted, changed = _counts(before, after)
        found.append(
            {
                "file": entry.path.decode(),
                "additions": f"+{added}",
                "deletions": f"-{deleted}",
                "changes": str(changed),
            }
        )
    return iter(sorted(found, key=lambda row: row["file"]))


def _lines(repo: Repo, side: Any) -> list[bytes]:
    if side is None or side.sha is None:
        return []
    data: bytes = repo.object_store[side.sha].as_raw_string()
    return [] if b"\0" in data[:_SAMPLE] else data.splitlines(keepends=True)


def _counts(before: list[bytes], after: list[bytes]) -> tuple[int, int, int]:
    """Return how many lines were added, deleted and changed (Kestra: AbstractPushTask)."""
    added = deleted = changed = 0
    for kind, begin, end, new_begin, new_end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            continue
        more = (new_end - new_begin) - (end - begin)
        added += max(more, 0)
        deleted += max(-more, 0)
        changed += (new_end - new_begin) if not more else 0
    return added, deleted, changed


def store_rows(ctx: RunContext, rows: Iterable[dict[str, Any]]) -> str:
    """Store rows as an ION file and return its URI."""
    with ctx.storage.create(f"{secrets.token_hex(8)}.ion") as writer:
        ion.dump_lines(rows, writer)
    return writer.uri
