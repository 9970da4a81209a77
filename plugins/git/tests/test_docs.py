"""The flows of the how-to page, run as they stand but for the host, on a server on loopback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs/howto/sync-with-git.md"
FLOWS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text() if PAGE.exists() else "", re.M | re.S)
HELLO = """\
id: hello
namespace: x
tasks:
  - {id: t, type: io.kestra.plugin.core.log.Log, message: m}
"""

pytestmark = pytest.mark.skipif(
    not FLOWS, reason="the page is in the repository, not in the package"
)


@pytest.fixture
def run(origin, server, world, tmp_path, monkeypatch):
    """Run a flow of the page; every repository that it names is `origin`."""
    files = {"hello_dot_sh": "echo hello from git", "_files__a_dot_py": "x"}
    origin.commit(**files, _flows__hello_dot_yaml=HELLO, _flows__deep__two_dot_yaml=HELLO)
    (tmp_path / "company").mkdir()
    for name in ("flows", "backup", "scripts"):
        (tmp_path / "company" / name).symlink_to(origin.bare)

    def run(name):
        (text,) = (flow for flow in FLOWS if flow.startswith(f"id: {name}\n"))
        text = text.replace("https://github.com", server.url)
        text = re.sub(r"    (username: robot|password: .*)\n", "", text)
        execution = world.tiercel.run(text, timeout=60)
        logs = [entry.message for entry in world.tiercel.logs(execution.id)]
        assert execution.state == "SUCCESS", logs
        return logs

    return run


def test_flows_and_files_are_deployed(run, world):
    assert run("deploy")[-1] == '["hello ADDED","hello ADDED"]'
    assert world.flow_ids() == ["company.team.hello", "company.team.deep.hello"]
    assert world.namespace_files() == {"a.py": "x"}


def test_flows_and_files_are_backed_up(run, world, origin):
    world.flows.save(HELLO.replace("namespace: x", "namespace: company.team"))
    world.put("script.py", "x")
    run("back_up")
    assert "_flows/hello.yml" in origin.files()
    assert "_files/script.py" in origin.files()
    assert "Robot <robot@company.example> Flows of company.team" in origin.log()


def test_a_script_of_a_repository_runs(run):
    assert run("run_from_git")[-1] == "hello from git"
