"""`Push`: the working folder, to a repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tiercel.plugin import (
    Example,
    Model,
    NamespaceFiles,
    Output,
    Property,
    RunContext,
    Task,
    glob_matches,
    load_namespace_files,
    write_input_files,
)
from tiercel_git.push import without_revision
from tiercel_git.remote import GitRemote, Remote
from tiercel_git.repository import author, commit, inside, open_repository, point_head

if TYPE_CHECKING:
    from dulwich.repo import Repo

__all__ = ["Push"]

# Git's own folder, and that of what tasks need for themselves.
_PRIVATE = frozenset({".git", ".tiercel"})


class FlowFiles(Model):
    """Whether, and where, the flows of the namespace are pushed as well."""

    enabled: Property[bool] = Property.of(True)
    """Whether to push any."""
    child_namespaces: Property[bool] = Property.of(True)
    """Push the flows of namespaces below, too."""
    git_directory: Property[str] = Property.of("_flows")
    """The directory in the repository."""


class Author(Model):
    """Who commits."""

    name: Property[str] | None = None
    """The name; the `username` by default."""
    email: Property[str] | None = None
    """The e-mail address."""


class PushOutput(Output):
    """What `Push` gives to later tasks."""

    commit_id: str | None = None
    """The commit; none when nothing has changed."""


class Push(GitRemote, Task[PushOutput]):
    """Commit the working folder and push it.

    With a `url`, the branch is cloned first, and what it holds is replaced by the files that the
    task brings; without one, the folder holds a clone already.
    """

    deprecated: ClassVar[str | None] = "use PushFlows or PushNamespaceFiles"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Push a generated file",
            """\
id: push_a_file
namespace: company.team

tasks:
  - id: push
    type: io.kestra.plugin.git.Push
    url: https://github.com/company/reports
    username: robot
    password: "{{ secret('GIT_TOKEN') }}"
    branch: main
    inputFiles:
      report.md: |
        # Report of {{ execution.startDate | date('yyyy-MM-dd') }}
    flows:
      enabled: false
    commitMessage: The daily report
    author:
      name: Robot
      email: robot@company.example
""",
        ),
    )

    branch: Property[str]
    """The branch; begun when it is not there."""
    commit_message: Property[str]
    """The commit's message."""
    directory: Property[str] | None = None
    """The folder of the clone, in the working folder; the working folder itself by default."""
    input_files: Property[Any] | None = None
    """Files to push: name → content, or URI of a stored file."""
    namespace_files: NamespaceFiles | None = None
    """Namespace files to push."""
    flows: FlowFiles = FlowFiles()
    """Flows to push."""
    add_files_pattern: Property[list[str]] = Property.of(["."])
    """Which files are committed: folders, files or glob patterns."""
    author: Author | None = None
    """Who commits."""
    clone_submodules: Property[bool] | None = None
    """Accepted for compatibility; submodules are left alone."""
    kestra_url: Property[str] | None = None
    """Accepted for compatibility; there is no server to ask."""
    auth: Any = None
    """Accepted for compatibility, as `kestraUrl`."""

    def run(self, ctx: RunContext) -> PushOutput:
        """Commit and push.

        Raises:
            TaskError: the remote refused, or there is no clone.
        """
        folder = inside(ctx.working_dir, ctx.render(self.directory) or ".")
        branch = ctx.render(self.branch)
        remote = self.remote(ctx, needed=False) if self.url else None
        if remote is not None:
            self._clone(ctx, remote, folder, branch)
        with open_repository(folder) as repo:
            remote = remote or self._origin(ctx, repo)
            self.configure(ctx, repo)
            point_head(repo, branch)
            self._bring(ctx, folder)
            patterns = ctx.render(self.add_files_pattern)
            repo.get_worktree().stage(sorted(_meant(repo, folder, patterns)))
            made = commit(repo, ctx.render(self.commit_message), self._author(ctx))
            if made is None:
                ctx.log("INFO", "No changes to commit. Skipping push.")
            else:
                remote.push(repo, branch)
        return PushOutput(commit_id=made)

    def _clone(self, ctx: RunContext, remote: Remote, folder: Path, branch: str) -> None:
        exists = branch in remote.branches()
        if not exists:
            ctx.log("INFO", f"Branch {branch} does not exist, creating it")
        kept = set(_files(folder))
        remote.clone(folder, branch if exists else None, depth=1).close()
        for name in set(_files(folder)) - kept:
            (folder / name).unlink()

    def _origin(self, ctx: RunContext, repo: Repo) -> Remote:
        url = repo.get_config().get((b"remote", b"origin"), b"url").decode()
        return self.model_copy(update={"url": Property.of(url)}).remote(ctx)

    def _bring(self, ctx: RunContext, folder: Path) -> None:
        write_input_files(ctx, self.input_files)
        if self.namespace_files is not None:
            load_namespace_files(ctx, self.namespace_files)
        if not ctx.render(self.flows.enabled):
            return
        target = inside(folder, ctx.render(self.flows.git_directory))
        target.mkdir(parents=True, exist_ok=True)
        below = ctx.render(self.flows.child_namespaces)
        for flow in ctx.flows.find(ctx.variables["flow"]["namespace"], below=below):
            path = target / f"{flow.namespace}.{flow.id}.yml"
            path.write_text(without_revision(flow.source), encoding="utf-8")

    def _author(self, ctx: RunContext) -> bytes:
        given = self.author or Author()
        name = ctx.render(given.name) or ctx.render(self.username)
        return author(name, ctx.render(given.email))


def _files(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _PRIVATE]
        for name in names:
            yield Path(parent, name).relative_to(folder).as_posix()


def _meant(repo: Repo, folder: Path, patterns: list[str]) -> Iterator[str]:
    """Return the files to stage: those that are there, and those that are gone."""
    tracked = {path.decode() for path in repo.open_index()}
    for name in {*_files(folder), *tracked}:
        for pattern in patterns:
            place = pattern.removeprefix("./").rstrip("/")
            if place in (".", "", name) or name.startswith(f"{place}/"):
                yield name
                break
            if glob_matches(place, name):
                yield name
                break
