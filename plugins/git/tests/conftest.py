"""Git repositories in files and on a server on loopback."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tiercel import Tiercel
from tiercel.plugin import ion
from tiercel.testing import TaskResult, run_task

sys.path.insert(0, str(Path(__file__).parent))

import git_server


@pytest.fixture
def origin(tmp_path: Path) -> git_server.Origin:
    """An empty repository."""
    if shutil.which("git") is None:
        pytest.skip("the remote of these tests is served by git")
    return git_server.Origin(tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[git_server.GitServer]:
    with git_server.serving(tmp_path) as server:
        yield server


@pytest.fixture
def private_server(tmp_path: Path) -> Iterator[git_server.GitServer]:
    """A server that wants the user `robot` with the password `hidden`."""
    with git_server.serving(tmp_path, "robot:hidden") as server:
        yield server


@pytest.fixture
def task(origin: git_server.Origin) -> Callable[..., TaskResult]:
    """Run a Git task on `origin`."""

    def run(kind: str, **properties: Any) -> TaskResult:
        given = {k: properties.pop(k) for k in ("files", "secrets") if k in properties}
        properties.setdefault("url", origin.url)
        return run_task({"type": f"io.kestra.plugin.git.{kind}", **properties}, **given)

    return run


class World:
    """An engine with flows and namespace files, in which Git tasks run as a flow's only task."""

    def __init__(self, tiercel: Tiercel, url: str) -> None:
        self._url = url
        self.tiercel = tiercel
        self.flows = tiercel.services.flows

    def run(self, kind: str, **properties: Any) -> tuple[str, dict[str, Any], str]:
        """Run a task; return its state, its outputs and what it logged."""
        from json import dumps

        task = {
            "id": "git",
            "type": f"io.kestra.plugin.git.{kind}",
            "url": self._url,
            **properties,
        }
        flow = {"id": "sync", "namespace": "company.team", "tasks": [task]}
        execution = self.tiercel.run(dumps(flow, indent=1), timeout=60)
        (run,) = execution.task_runs.values()
        logs = "\n".join(entry.message for entry in self.tiercel.logs(execution.id))
        return str(execution.state), dict(run.outputs or {}), logs

    def rows(self, uri: str) -> list[dict[str, Any]]:
        """Return the rows of a stored ION file."""
        with self.tiercel.files.open(uri) as file:
            return list(ion.load_lines(file))

    def put(self, path: str, content: str, namespace: str = "company.team") -> None:
        """Write a namespace file."""
        folder = namespace.replace(".", "/")
        with self.tiercel.files.create(f"{folder}/_files/{path}") as writer:
            writer.write(content.encode())

    def namespace_files(self, namespace: str = "company.team") -> dict[str, str]:
        """Return the namespace files: path → content."""
        folder = f"{namespace.replace('.', '/')}/_files"
        found = {}
        for name in self.tiercel.files.below(folder):
            with self.tiercel.files.open(f"kestra:///{folder}/{name}") as file:
                found[name] = file.read().decode()
        return found

    def flow_ids(self, namespace: str = "company.team") -> list[str]:
        """Return the flows of a namespace and those below it, but not the one that runs tasks."""
        found = self.flows.find(namespace, below=True)
        return [f"{flow.namespace}.{flow.id}" for flow in found if flow.id != "sync"]


@pytest.fixture
def world(origin: git_server.Origin) -> Iterator[World]:
    with Tiercel(environ={}) as tiercel:
        yield World(tiercel, origin.url)
