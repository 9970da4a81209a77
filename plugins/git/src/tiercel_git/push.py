"""`PushNamespaceFiles` and `PushFlows`: from here to a repository.

What is where, and what the rows of the diff hold, is Kestra's (`AbstractPushTask`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    Example,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    glob_matches,
    selected,
)
from tiercel_git.remote import Remote, public_url, web_url
from tiercel_git.repository import (
    IGNORE_FILE,
    author,
    branch_clone,
    changes,
    commit,
    files_below,
    head_tree,
    inside,
    staged_tree,
    store_rows,
)
from tiercel_git.sync import GitBranch

if TYPE_CHECKING:
    from dulwich.repo import Repo

__all__ = ["PushFlows", "PushNamespaceFiles", "without_revision"]

_REVISION = re.compile(r"^revision:[ \t]*\d+[ \t]*\n?", re.MULTILINE)


class PushOutput(Output):
    """What both tasks give to later tasks."""

    commit_id: str | None = None
    """The commit; none when nothing has changed."""
    commit_url: str | None = Field(default=None, alias="commitURL")
    """Where people see the commit in a browser."""


class _Push(GitBranch):
    """What pushing files and pushing flows have in common."""

    commit_message: Property[str] | None = None
    """The commit's message."""
    author_name: Property[str] | None = None
    """Who commits; the `username` by default."""
    author_email: Property[str] | None = None
    """The e-mail address of who commits."""
    delete: Property[bool] = Property.of(True)
    """Delete from the repository what is not here."""
    dry_run: Property[bool] = Property.of(False)
    """Push nothing, and only tell what would be changed."""

    def _pushed(
        self,
        ctx: RunContext,
        contents: Mapping[str, bytes],
        patterns: list[str] | None,
        message: str,
        directory: str,
    ) -> dict[str, Any]:
        """Push files and return the outputs: the commit, and the URI of the diff.

        Args:
            ctx: what the task was given.
            contents: path below the directory → content.
            patterns: which files of the repository are concerned; all by default.
            message: the commit's message, unless there is another one.
            directory: the directory in the repository.
        """
        if not contents:
            ctx.log("INFO", "No content to push - skipping Git operations.")
            return {}
        remote, branch = self.remote(ctx), ctx.render(self.branch)
        with branch_clone(ctx, self, remote, branch) as (repo, clone):
            self._stage(ctx, repo, clone, inside(clone, directory), contents, patterns)
            before, after = head_tree(repo), staged_tree(repo)
            diff = store_rows(ctx, changes(repo, before, after))
            if ctx.render(self.dry_run):
                url = public_url(remote.url)
                ctx.log("INFO", f"Dry run: nothing is pushed to {url} until `dryRun` is false")
                return {"diff": diff}
            made = self._commit(ctx, repo, message)
            if made is None:
                ctx.log("INFO", "No changes to commit. Skipping push.")
                return {"diff": diff}
            return {"diff": diff, **_push(ctx, remote, repo, branch, made)}

    def _stage(
        self,
        ctx: RunContext,
        repo: Repo,
        clone: Path,
        folder: Path,
        contents: Mapping[str, bytes],
        patterns: list[str] | None,
    ) -> None:
        for name, content in contents.items():
            path = inside(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        # What the directory's own rules ignore is neither pushed nor deleted.
        there = files_below(ctx, clone, folder)
        stale = [] if not ctx.render(self.delete) else [n for n in there if n not in contents]
        for name in stale:
            if name != IGNORE_FILE and (patterns is None or _is_meant(name, patterns)):
                (folder / name).unlink()
        meant = {*there, IGNORE_FILE} & (set(contents) | set(stale))
        paths = [(folder / name).relative_to(clone).as_posix() for name in sorted(meant)]
        repo.get_worktree().stage(paths)

    def _commit(self, ctx: RunContext, repo: Repo, message: str) -> str | None:
        name = ctx.render(self.author_name) or ctx.render(self.username)
        by = author(name, ctx.render(self.author_email))
        return commit(repo, ctx.render(self.commit_message) or message, by)


def _push(ctx: RunContext, remote: Remote, repo: Repo, branch: str, made: str) -> dict[str, str]:
    remote.push(repo, branch)
    url = f"{web_url(remote.url)}/commit/{made}"
    ctx.log("INFO", f"Pushed to {url}")
    return {"commit_id": made, "commit_url": url}


def _is_meant(name: str, patterns: list[str]) -> bool:
    """Return whether a pattern names a file: its path, its name, or its name without extension."""
    path = Path(name)
    return any(
        glob_matches(pattern, each) for pattern in patterns for each in (name, path.name, path.stem)
    )


def _patterns(value: Any) -> list[str] | None:
    """Return patterns that were given as a list, as JSON of one, or as a single text."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise TaskError(f"Invalid list of patterns {value!r}: {error}") from error
    if value is None or isinstance(value, list):
        return value and [str(each) for each in value]
    return [str(value)]


class PushFilesOutput(PushOutput):
    """What `PushNamespaceFiles` gives to later tasks."""

    files: str | None = None
    """The stored ION file of what has changed: `file`, `additions`, `deletions`, `changes`."""


class PushNamespaceFiles(_Push, Task[PushFilesOutput]):
    """Push namespace files to a repository."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Push the scripts of a namespace",
            """\
id: push_files_to_git
namespace: company.team

tasks:
  - id: push
    type: io.kestra.plugin.git.PushNamespaceFiles
    url: https://github.com/company/scripts
    username: robot
    password: "{{ secret('GIT_TOKEN') }}"
    branch: main
    files:
      - "*.py"
    commitMessage: Scripts of {{ flow.namespace }}
""",
        ),
    )

    namespace: Property[str] | None = None
    """Whose files; the flow's own namespace by default."""
    files: Property[Any] | None = None
    """Glob patterns of the files to push; all by default."""
    git_directory: Property[str] = Property.of("_files")
    """The directory in the repository."""
    error_on_missing: Property[bool] = Property.of(False)
    """Fail when there is no such file."""

    def run(self, ctx: RunContext) -> PushFilesOutput:
        """Push the files, and tell what has changed.

        Raises:
            TaskError: the remote refused, or there is no file and `errorOnMissing` is set.
        """
        namespace = ctx.render(self.namespace) or ctx.variables["flow"]["namespace"]
        patterns = _patterns(ctx.render(self.files))
        contents = {}
        for name in ctx.storage.namespace_files(namespace):
            if selected(name, patterns):
                with ctx.storage.namespace_file(name, namespace) as file:
                    contents[name] = file.read()
        if not contents and ctx.render(self.error_on_missing):
            raise TaskError("No namespace file matches the `files` to push")
        message = f"Add files from {namespace} namespace"
        done = self._pushed(ctx, contents, patterns, message, ctx.render(self.git_directory))
        return PushFilesOutput(files=done.pop("diff", None), **done)


class PushFlowsOutput(PushOutput):
    """What `PushFlows` gives to later tasks."""

    flows: str | None = None
    """The stored ION file of what has changed: `file`, `additions`, `deletions`, `changes`."""


class PushFlows(_Push, Task[PushFlowsOutput]):
    """Push flows to a repository."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Push the flows of a namespace",
            """\
id: push_flows_to_git
namespace: company.team

tasks:
  - id: push
    type: io.kestra.plugin.git.PushFlows
    url: https://github.com/company/flows
    username: robot
    password: "{{ secret('GIT_TOKEN') }}"
    branch: main
    sourceNamespace: company.team
    includeChildNamespaces: true
    commitMessage: Flows of {{ flow.namespace }}
""",
        ),
    )

    source_namespace: Property[str] | None = None
    """Whose flows; those of the flow's own namespace by default."""
    target_namespace: Property[str] | None = None
    """The namespace that the flows have in the repository; their own one by default."""
    flows: Property[Any] | None = None
    """Glob patterns of the ids of the flows to push; all by default."""
    include_child_namespaces: Property[bool] = Property.of(False)
    """Push the flows of namespaces below, too, into folders of their names."""
    git_directory: Property[str] = Property.of("_flows")
    """The directory in the repository."""

    def run(self, ctx: RunContext) -> PushFlowsOutput:
        """Push the flows, and tell what has changed.

        Raises:
            TaskError: the remote refused.
        """
        namespace = ctx.render(self.source_namespace) or ctx.variables["flow"]["namespace"]
        target = ctx.render(self.target_namespace) or namespace
        patterns = _patterns(ctx.render(self.flows))
        below = ctx.render(self.include_child_namespaces)
        line = re.compile(rf"^(namespace:[ \t]*){re.escape(namespace)}", re.MULTILINE)
        contents = {}
        for flow in ctx.flows.find(namespace, below=below):
            if patterns is None or any(glob_matches(each, flow.id) for each in patterns):
                folders = flow.namespace.removeprefix(namespace).strip(".").split(".")
                name = "/".join(filter(None, (*folders, f"{flow.id}.yml")))
                text = without_revision(flow.source)
                text = line.sub(lambda found: found[1] + target, text, count=1)
                contents[name] = text.rstrip().encode() + b"\n"
        message = f"Add flows from {namespace} namespace"
        done = self._pushed(ctx, contents, patterns, message, ctx.render(self.git_directory))
        return PushFlowsOutput(flows=done.pop("diff", None), **done)


def without_revision(source: str) -> str:
    """Return a flow's text without the line that says which revision it is."""
    return _REVISION.sub("", source)
