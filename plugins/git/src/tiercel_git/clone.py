"""`Clone`: a repository, into the working folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tiercel.plugin import Example, Output, Property, RunContext, Task, TaskError
from tiercel_git.remote import GitRemote, Remote, public_url, told
from tiercel_git.repository import inside

if TYPE_CHECKING:
    from dulwich.repo import Repo

__all__ = ["Clone"]


class CloneOutput(Output):
    """What `Clone` gives to later tasks."""

    directory: str
    """The folder of the clone; it lives as long as the working folder."""


class Clone(GitRemote, Task[CloneOutput]):
    """Clone a repository into the working folder, for the tasks of the same `WorkingDirectory`."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run a script of a repository",
            """\
id: run_a_script_of_a_repository
namespace: company.team

tasks:
  - id: folder
    type: io.kestra.plugin.core.flow.WorkingDirectory
    tasks:
      - id: clone
        type: io.kestra.plugin.git.Clone
        url: https://github.com/kestra-io/scripts
        branch: main

      - id: run
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner:
          type: io.kestra.plugin.core.runner.Process
        commands:
          - sh hello.sh
""",
        ),
    )

    url: Property[str]
    """The repository: an `https://`, `ssh://`, `git@host:…` or `file://` URL."""
    directory: Property[str] | None = None
    """The folder, in the working folder, to clone into; the working folder itself by default."""
    branch: Property[str] | None = None
    """The branch; the repository's own choice by default."""
    tag: Property[str] | None = None
    """A tag to check out instead of a branch."""
    commit: Property[str] | None = None
    """A commit to check out instead of a branch, by its id or the beginning of it."""
    depth: Property[int] = Property.of(1)
    """How many commits of the history; all with `tag` or `commit`, and with 0."""
    kestra_url: Property[str] | None = None
    """Accepted for compatibility; there is no server to ask."""
    auth: Any = None
    """Accepted for compatibility, as `kestraUrl`."""
    clone_submodules: Property[bool] | None = None
    """Clone the submodules, too."""
    clone_all_branches: Property[bool] = Property.of(True)
    """Accepted for compatibility; with false there must be a `branch`."""
    no_tags: Property[bool] = Property.of(False)
    """Forget the repository's tags."""

    def run(self, ctx: RunContext) -> CloneOutput:
        """Clone the repository.

        Raises:
            TaskError: it cannot be cloned, or has not what is to be checked out.
            TaskKilledError: the task is to stop.
        """
        branch, tag, sha = (ctx.render(each) for each in (self.branch, self.tag, self.commit))
        if tag and ctx.render(self.no_tags):
            raise TaskError("`tag` cannot be used with `noTags: true`", retryable=False)
        if not branch and not ctx.render(self.clone_all_branches):
            raise TaskError(
                "When `cloneAllBranches` is false, `branch` must be set", retryable=False
            )
        remote = self.remote(ctx)
        folder = inside(ctx.working_dir, ctx.render(self.directory) or ".")
        ctx.log("INFO", f"Start cloning from '{public_url(remote.url)}'")
        whole = tag or sha or not ctx.render(self.depth)
        repo = remote.clone(folder, branch, None if whole else ctx.render(self.depth))
        try:
            self.configure(ctx, repo)
            if sha:
                _check_out(repo, sha, f"commit '{sha}'")
            elif tag:
                _check_out(repo, f"refs/tags/{tag}", f"tag '{tag}'")
            self._finish(ctx, remote, repo)
        finally:
            repo.close()
        return CloneOutput(directory=str(Path(repo.path).resolve()))

    def _finish(self, ctx: RunContext, remote: Remote, repo: Repo) -> None:
        from dulwich import porcelain
        from dulwich.refs import Ref

        if ctx.render(self.no_tags):
            for name in repo.refs.keys(Ref(b"refs/tags")):
                repo.refs.remove_if_equals(Ref(b"refs/tags/" + name), None)
        if ctx.render(self.clone_submodules):
            with told(f"Cannot clone the submodules of {public_url(remote.url)}"):
                porcelain.submodule_update(repo, init=True)


def _check_out(repo: Repo, name: str, what: str) -> None:
    """Check a commit out, with a HEAD that is on no branch."""
    from dulwich.objectspec import parse_commit
    from dulwich.refs import Ref

    try:
        found = parse_commit(repo, name)
    except (KeyError, ValueError) as error:
        raise TaskError(f"Cannot resolve {what}") from error
    repo.refs.remove_if_equals(Ref(b"HEAD"), None)
    repo.refs[Ref(b"HEAD")] = found.id
    repo.get_worktree().reset_index()
