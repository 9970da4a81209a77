"""The examples of the docs, run as they stand but for the host, against a server on loopback."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel_git import clone, push, push_folder, sync

TASKS = [
    clone.Clone,
    push.PushFlows,
    push.PushNamespaceFiles,
    push_folder.Push,
    sync.SyncFlow,
    sync.SyncFlows,
    sync.SyncNamespaceFiles,
]
REPOSITORIES = ("kestra-io/scripts", "company/scripts", "company/flows", "company/reports")
FLOW = (
    "id: hello\nnamespace: x\ntasks:\n- {id: t, type: io.kestra.plugin.core.log.Log, message: m}\n"
)


@pytest.fixture
def github(origin, server, tmp_path):
    """A server that has what the examples name."""
    files = {"hello_dot_sh": "echo hello", "_files__a_dot_py": "x", "_flows__hello_dot_yaml": FLOW}
    origin.commit(**files)
    for name in REPOSITORIES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(origin.bare)
    return server.url


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_the_examples_of_the_docs_run(task, github):
    assert task.examples
    for example in task.examples:
        code = example.code.replace("https://github.com", github)
        with Tiercel(environ={"TIERCEL_SECRET_GIT_TOKEN": "hidden"}) as tiercel:
            execution = tiercel.run(code, timeout=60)
            assert execution.state == "SUCCESS", tiercel.logs(execution.id)
