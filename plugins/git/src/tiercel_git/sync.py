"""`SyncNamespaceFiles`, `SyncFlows` and `SyncFlow`: from a repository to here.

What is where, and what the rows of the diff hold, is Kestra's (`AbstractSyncTask`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from tiercel.plugin import (
    Example,
    FlowError,
    FlowSource,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
)
from tiercel_git.remote import GitRemote
from tiercel_git.repository import branch_clone, files_below, inside, store_rows

__all__ = ["SyncFlow", "SyncFlows", "SyncNamespaceFiles"]

_CHUNK = 1 << 20
_NAMESPACE = re.compile(r"^namespace:[ \t]*(.*)$", re.MULTILINE)
_YAML = (".yml", ".yaml")
_SUITES = (".test.yml", ".test.yaml")
"""Flow tests, which lie beside flows and are none."""


class GitBranch(GitRemote):
    """A branch of a repository."""

    url: Property[str]
    """The repository: an `https://`, `ssh://`, `git@host:…` or `file://` URL."""
    branch: Property[str] = Property.of("main")
    """The branch."""
    clone_submodules: Property[bool] | None = None
    """Accepted for compatibility; submodules hold nothing to sync."""
    kestra_url: Property[str] | None = None
    """Accepted for compatibility; flows are read and written here, without a server."""
    auth: Any = None
    """Accepted for compatibility, as `kestraUrl`."""


class _Sync(GitBranch):
    """What syncing files and syncing flows have in common."""

    dry_run: Property[bool] = Property.of(False)
    """Change nothing, and only tell what would be changed."""
    delete: Property[bool] = Property.of(False)
    """Delete what is here and not in the repository."""
    fail_on_missing_directory: Property[bool] = Property.of(True)
    """Fail when the repository has no such directory."""

    def _folder(self, ctx: RunContext, clone: Path, name: str) -> Path:
        folder = inside(clone, name)
        if folder.is_file():
            raise TaskError(f"The path '{name}' exists but is a file, not a directory")
        if not folder.exists() and ctx.render(self.fail_on_missing_directory):
            raise TaskError(
                f"The directory '{name}' was not found in the git repository. Verify if the path "
                f"exists in the specified branch '{ctx.render(self.branch)}'."
            )
        return folder


class SyncFilesOutput(Output):
    """What `SyncNamespaceFiles` gives to later tasks."""

    files: str
    """The stored ION file of what has changed: `gitPath`, `syncState` and `kestraPath`."""


class SyncNamespaceFiles(_Sync, Task[SyncFilesOutput]):
    """Copy the files of a repository to the namespace files."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Sync the namespace files with a repository",
            """\
id: sync_files_from_git
namespace: company.team

tasks:
  - id: sync
    type: io.kestra.plugin.git.SyncNamespaceFiles
    url: https://github.com/company/scripts
    username: robot
    password: "{{ secret('GIT_TOKEN') }}"
    branch: main
    gitDirectory: _files
    delete: true
""",
        ),
    )

    namespace: Property[str] | None = None
    """Whose files; the flow's own namespace by default."""
    git_directory: Property[str] = Property.of("_files")
    """The directory in the repository."""

    def run(self, ctx: RunContext) -> SyncFilesOutput:
        """Copy the files, and tell what has changed.

        Raises:
            TaskError: the repository cannot be cloned, or lacks the directory.
            StorageError: a file cannot be stored.
        """
        namespace = ctx.render(self.namespace) or ctx.variables["flow"]["namespace"]
        directory = ctx.render(self.git_directory)
        with branch_clone(ctx, self, self.remote(ctx), ctx.render(self.branch)) as (_, clone):
            folder = self._folder(ctx, clone, directory)
            rows = list(self._rows(ctx, namespace, directory, clone, folder))
        rows.sort(key=lambda row: row.get("gitPath", ""))
        return SyncFilesOutput(files=store_rows(ctx, rows))

    def _rows(
        self, ctx: RunContext, namespace: str, directory: str, clone: Path, folder: Path
    ) -> Iterator[dict[str, Any]]:
        dry, here = ctx.render(self.dry_run), set(ctx.storage.namespace_files(namespace))
        there = files_below(ctx, clone, folder)
        for name in there:
            state = _file_state(ctx, namespace, name, folder / name, is_here=name in here)
            if not dry and state != "UNCHANGED":
                with (folder / name).open("rb") as file:
                    ctx.storage.put_namespace_file(name, file, namespace)
            path = f"{directory}/{name}"
            yield {"gitPath": path, "syncState": state, "kestraPath": f"/{name}"}
        for name in sorted(here - set(there)) if ctx.render(self.delete) else ():
            if not dry:
                ctx.storage.delete_namespace_file(name, namespace)
            yield {"syncState": "DELETED", "kestraPath": f"/{name}"}


def _file_state(ctx: RunContext, namespace: str, name: str, path: Path, *, is_here: bool) -> str:
    if not is_here:
        return "ADDED"
    with path.open("rb") as theirs, ctx.storage.namespace_file(name, namespace) as ours:
        return "UNCHANGED" if _is_same(theirs, ours) else "OVERWRITTEN"


def _is_same(one: BinaryIO, other: BinaryIO) -> bool:
    while True:
        chunk = one.read(_CHUNK)
        if chunk != other.read(_CHUNK):
            return False
        if not chunk:
            return True


class SyncFlowsOutput(Output):
    """What `SyncFlows` gives to later tasks."""

    flows: str
    """The stored ION file of what has changed: `gitPath`, `syncState`, `flowId`, `namespace`,
    `revision`."""


class SyncFlows(_Sync, Task[SyncFlowsOutput]):
    """Store the flows of a repository."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Sync a namespace with a repository",
            """\
id: sync_flows_from_git
namespace: system

tasks:
  - id: sync
    type: io.kestra.plugin.git.SyncFlows
    url: https://github.com/company/flows
    username: robot
    password: "{{ secret('GIT_TOKEN') }}"
    branch: main
    gitDirectory: _flows
    targetNamespace: company.team
    includeChildNamespaces: true
    delete: true
""",
        ),
    )

    target_namespace: Property[str]
    """The namespace that the flows go to; their own one is replaced."""
    git_directory: Property[str] = Property.of("_flows")
    """The directory in the repository."""
    include_child_namespaces: Property[bool] = Property.of(False)
    """Take the folders in the directory for namespaces below the target."""
    ignore_invalid_flows: Property[bool] = Property.of(False)
    """Leave out flows that are wrong, with a warning, rather than fail."""

    def run(self, ctx: RunContext) -> SyncFlowsOutput:
        """Store the flows, and tell what has changed.

        Raises:
            TaskError: the repository cannot be cloned, lacks the directory, or a flow is wrong.
        """
        namespace, directory = ctx.render(self.target_namespace), ctx.render(self.git_directory)
        below = ctx.render(self.include_child_namespaces)
        before = {_key(flow): flow for flow in ctx.flows.find(namespace, below=below)}
        with branch_clone(ctx, self, self.remote(ctx), ctx.render(self.branch)) as (_, clone):
            folder = self._folder(ctx, clone, directory)
            names = filter(_is_flow, files_below(ctx, clone, folder, deep=below))
            sources = {name: _source(folder / name, namespace, name) for name in names}
        # All are looked at before the first one is stored: it is all of them or none.
        wrong = self._checked(ctx, sources)
        rows = []
        for name, source in sources.items():
            if name not in wrong:
                save = ctx.flows.check if ctx.render(self.dry_run) else ctx.flows.save
                flow = save(source)
                state = _flow_state(before.pop(_key(flow), None), flow)
                rows.append({"gitPath": f"{directory}/{name}", **_row(state, flow)})
        # A flow whose text is wrong is not gone.
        if ctx.render(self.delete) and not wrong:
            rows += self._deleted(ctx, before)
        rows.sort(key=lambda row: row.get("gitPath", ""))
        return SyncFlowsOutput(flows=store_rows(ctx, rows))

    def _checked(self, ctx: RunContext, sources: dict[str, str]) -> set[str]:
        wrong = set()
        for name, source in sources.items():
            try:
                ctx.flows.check(source)
            except FlowError as error:
                message = f"Invalid flow imported from Git ({name}): {error}"
                if not ctx.render(self.ignore_invalid_flows):
                    raise TaskError(message, retryable=False) from error
                ctx.log("WARN", message)
                wrong.add(name)
        return wrong

    def _deleted(self, ctx: RunContext, flows: dict[Any, FlowSource]) -> list[dict[str, Any]]:
        own = ctx.variables["flow"]
        rows = []
        for flow in flows.values():
            if _key(flow) == (own["namespace"], own["id"]):
                continue  # the flow that runs this task
            if not ctx.render(self.dry_run):
                ctx.flows.delete(flow.namespace, flow.id)
            rows.append(_row("DELETED", flow))
        return rows


class SyncFlowOutput(Output):
    """What `SyncFlow` gives to later tasks."""

    flow_id: str
    """The flow's id."""
    namespace: str
    """Its namespace."""
    revision: int
    """Its revision."""


class SyncFlow(GitBranch, Task[SyncFlowOutput]):
    """Store one flow of a repository."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Sync one flow with a repository",
            """\
id: sync_flow_from_git
namespace: system

tasks:
  - id: sync
    type: io.kestra.plugin.git.SyncFlow
    url: https://github.com/company/flows
    username: robot
    password: "{{ secret('GIT_TOKEN') }}"
    branch: main
    flowPath: _flows/hello.yaml
    targetNamespace: company.team
""",
        ),
    )

    target_namespace: Property[str]
    """The namespace that the flow goes to; its own one is replaced."""
    flow_path: Property[str]
    """The file in the repository."""
    dry_run: Property[bool] = Property.of(False)
    """Store nothing, and only tell what would be stored."""

    def run(self, ctx: RunContext) -> SyncFlowOutput:
        """Store the flow.

        Raises:
            TaskError: the repository cannot be cloned, lacks the file, or the flow is wrong.
        """
        name = ctx.render(self.flow_path)
        with branch_clone(ctx, self, self.remote(ctx), ctx.render(self.branch)) as (_, clone):
            path = inside(clone, name)
            if not path.is_file():
                raise TaskError(f"Flow file not found at path: {name}")
            source = _source(path, ctx.render(self.target_namespace), path.name)
        try:
            save = ctx.flows.check if ctx.render(self.dry_run) else ctx.flows.save
            flow = save(source)
        except FlowError as error:
            raise TaskError(
                f"Invalid flow imported from Git ({name}): {error}", retryable=False
            ) from error
        return SyncFlowOutput(flow_id=flow.id, namespace=flow.namespace, revision=flow.revision)


def _is_flow(name: str) -> bool:
    return name.endswith(_YAML) and not name.lower().endswith(_SUITES)


def _source(path: Path, namespace: str, name: str) -> str:
    """Return a flow's text, with the namespace that its place in the directory means."""
    folders = name.split("/")[:-1]
    text = path.read_text(encoding="utf-8")
    line = f"namespace: {'.'.join((namespace, *folders))}"
    return _NAMESPACE.sub(lambda _: line, text, count=1).rstrip()


def _key(flow: FlowSource) -> tuple[str, str]:
    return flow.namespace, flow.id


def _flow_state(before: FlowSource | None, after: FlowSource) -> str:
    if before is None:
        return "ADDED"
    return "UNCHANGED" if before.revision == after.revision else "UPDATED"


def _row(state: str, flow: FlowSource) -> dict[str, Any]:
    return {
        "syncState": state,
        "flowId": flow.id,
        "namespace": flow.namespace,
        "revision": flow.revision,
    }
