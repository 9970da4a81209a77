"""`PushNamespaceFiles`, `PushFlows` and `Push` to a real repository."""

from __future__ import annotations

import pytest

FLOW = """\
id: {id}
namespace: {namespace}
revision: 3
tasks:
  - id: hello
    type: io.kestra.plugin.core.log.Log
    message: hi
"""


def save(world, flow_id, namespace="company.team"):
    world.flows.save(FLOW.format(id=flow_id, namespace=namespace))


def test_namespace_files_are_pushed(origin, world):
    origin.commit(readme="x")
    world.put("a.py", "one\ntwo\n")
    world.put("deep/b.py", "b\n")
    state, outputs, _ = world.run(
        "PushNamespaceFiles",
        commitMessage="From {{ flow.id }}",
        authorName="Robot",
        authorEmail="robot@company.example",
    )
    assert state == "SUCCESS"
    assert origin.files() == ["_files/a.py", "_files/deep/b.py", "readme"]
    assert origin.content("_files/a.py") == "one\ntwo"
    assert origin.log()[0] == "Robot <robot@company.example> From sync"
    assert origin.log(form="%H")[0] == outputs["commitId"]
    assert outputs["commitURL"].endswith(f"/repo/commit/{outputs['commitId']}")
    assert world.rows(outputs["files"]) == [
        {"file": "_files/a.py", "additions": "+2", "deletions": "-0", "changes": "0"},
        {"file": "_files/deep/b.py", "additions": "+1", "deletions": "-0", "changes": "0"},
    ]


def test_what_is_not_here_is_deleted_from_the_repository(origin, world):
    origin.commit(_files__old="1\n2\n", _files__a="a\nb\n", other="x")
    world.put("a", "A\nb\n")
    _, outputs, _ = world.run("PushNamespaceFiles")
    assert origin.files() == ["_files/a", "other"]
    assert world.rows(outputs["files"]) == [
        {"file": "_files/a", "additions": "+0", "deletions": "-0", "changes": "1"},
        {"file": "_files/old", "additions": "+0", "deletions": "-2", "changes": "0"},
    ]


def test_nothing_is_deleted_when_that_is_off_or_not_meant(origin, world):
    origin.commit(_files__old_dot_txt="old", _files__old_dot_py="old")
    world.put("a.py", "a")
    world.run("PushNamespaceFiles", delete=False)
    assert origin.files() == ["_files/a.py", "_files/old.py", "_files/old.txt"]
    world.run("PushNamespaceFiles", files="*.py")
    assert origin.files() == ["_files/a.py", "_files/old.txt"]


@pytest.mark.parametrize("files", ["*.py", ["*.py"], '["*.py"]'], ids=["text", "list", "JSON"])
def test_some_files_are_chosen(origin, world, files):
    origin.commit(readme="x")
    world.put("a.py", "a")
    world.put("b.txt", "b")
    world.run("PushNamespaceFiles", files=files)
    assert origin.files() == ["_files/a.py", "readme"]


def test_a_second_push_of_the_same_commits_nothing(origin, world):
    origin.commit(readme="x")
    world.put("a", "a")
    world.run("PushNamespaceFiles")
    _, outputs, logs = world.run("PushNamespaceFiles")
    assert "No changes to commit. Skipping push." in logs
    assert "commitId" not in outputs
    assert len(origin.log()) == 2


def test_a_dry_run_pushes_nothing(origin, world):
    origin.commit(readme="x")
    world.put("a", "a\n")
    _, outputs, _ = world.run("PushNamespaceFiles", dryRun=True)
    assert [row["file"] for row in world.rows(outputs["files"])] == ["_files/a"]
    assert origin.files() == ["readme"]


def test_a_new_branch_begins_where_the_repository_is(origin, world):
    origin.commit(readme="x")
    world.put("a", "a")
    _, _, logs = world.run("PushNamespaceFiles", branch="new")
    assert "Branch new does not exist, creating it" in logs
    assert origin.files("new") == ["_files/a", "readme"]
    assert origin.files() == ["readme"]


def test_an_empty_repository_gets_its_first_commit(origin, world):
    world.put("a", "a")
    state, _, logs = world.run("PushNamespaceFiles")
    assert state == "SUCCESS", logs
    assert origin.files() == ["_files/a"]


def test_no_file_at_all_is_told_or_fails(origin, world):
    origin.commit(readme="x")
    state, outputs, logs = world.run("PushNamespaceFiles")
    assert (state, outputs) == ("SUCCESS", {})
    assert "No content to push - skipping Git operations." in logs
    assert world.run("PushNamespaceFiles", errorOnMissing=True)[0] == "FAILED"


def test_flows_are_pushed_without_their_revision(origin, world):
    origin.commit(readme="x")
    save(world, "one")
    save(world, "two", "company.team.deep")
    _, outputs, _ = world.run("PushFlows", flows="one", authorEmail="a@b.c", username="robot")
    assert origin.files() == ["_flows/one.yml", "readme"]
    assert "revision" not in origin.content("_flows/one.yml")
    assert origin.log()[0] == "robot <a@b.c> Add flows from company.team namespace"
    assert [row["file"] for row in world.rows(outputs["flows"])] == ["_flows/one.yml"]


def test_flows_of_namespaces_below_are_pushed_to_folders(origin, world):
    origin.commit(readme="x")
    save(world, "one", "data")
    save(world, "two", "data.deep.er")
    world.run(
        "PushFlows", sourceNamespace="data", targetNamespace="prod", includeChildNamespaces=True
    )
    assert origin.files() == ["_flows/deep/er/two.yml", "_flows/one.yml", "readme"]
    assert "namespace: prod\n" in origin.content("_flows/one.yml")
    assert "namespace: prod.deep.er\n" in origin.content("_flows/deep/er/two.yml")


def test_what_is_pushed_can_be_synced_again(origin, world):
    origin.commit(readme="x")
    save(world, "one", "data")
    world.run("PushFlows", sourceNamespace="data")
    world.run("SyncFlows", targetNamespace="copy")
    assert world.flow_ids("copy") == ["copy.one"]


def test_flows_are_pushed_over_http(origin, world, private_server):
    origin.commit(readme="x")
    save(world, "one", "data")
    given = {"url": f"{private_server.url}/repo.git", "username": "robot", "password": "hidden"}
    state, _, logs = world.run("PushFlows", sourceNamespace="data", **given)
    assert state == "SUCCESS", logs
    assert origin.files() == ["_flows/one.yml", "readme"]


def test_input_files_replace_what_the_branch_holds(origin, world):
    origin.commit(old="old")
    state, outputs, logs = world.run(
        "Push",
        branch="main",
        commitMessage="The report",
        inputFiles={"report.md": "# Report", "deep/data.csv": "1"},
        flows={"enabled": False},
        author={"name": "Robot", "email": "robot@company.example"},
    )
    assert state == "SUCCESS", logs
    assert origin.files() == ["deep/data.csv", "report.md"]
    assert origin.log()[0] == "Robot <robot@company.example> The report"
    assert origin.log(form="%H")[0] == outputs["commitId"]


def test_flows_and_namespace_files_are_pushed_with_the_folder(origin, world):
    origin.commit(old="old")
    save(world, "one", "company.team.deep")
    world.put("script.py", "x")
    world.run(
        "Push",
        branch="develop",
        commitMessage="All",
        namespaceFiles={"enabled": True},
        flows={"gitDirectory": "flows"},
        privateKey="never to be pushed",
    )
    assert origin.files("develop") == [
        "flows/company.team.deep.one.yml",
        "flows/company.team.sync.yml",
        "script.py",
    ]


def test_only_what_the_patterns_name_is_committed(origin, world):
    origin.commit(readme="x")
    world.run(
        "Push",
        branch="main",
        commitMessage="Some",
        inputFiles={"a.py": "a", "b.txt": "b", "docs/c.md": "c"},
        flows={"enabled": False},
        addFilesPattern=["*.py", "docs"],
    )
    assert origin.files() == ["a.py", "docs/c.md", "readme"]


def test_a_clone_that_a_script_has_changed_is_pushed(origin, world):
    origin.commit(count="1")
    flow = f"""
id: bump
namespace: company.team
tasks:
  - id: folder
    type: io.kestra.plugin.core.flow.WorkingDirectory
    tasks:
      - {{id: clone, type: io.kestra.plugin.git.Clone, url: "{origin.url}", branch: main}}
      - id: change
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {{type: io.kestra.plugin.core.runner.Process}}
        commands: [echo 2 > count]
      - id: push
        type: io.kestra.plugin.git.Push
        branch: main
        commitMessage: Bump
        flows: {{enabled: false}}
"""
    execution = world.tiercel.run(flow, timeout=60)
    assert execution.state == "SUCCESS", world.tiercel.logs(execution.id)
    assert (origin.content("count"), origin.log()[0]) == ("2", "Tiercel <tiercel@localhost> Bump")


def test_commits_that_came_in_between_are_not_lost(origin, tmp_path):
    """What was pushed by others meanwhile is never overwritten."""
    from dulwich.refs import Ref

    from tiercel.plugin import TaskError
    from tiercel_git.remote import _forward

    class Repo:
        object_store = frozenset({b"1" * 40})

    assert Ref(b"refs/heads/main")
    with pytest.raises(TaskError, match="Branch 'main' has changed meanwhile"):
        _forward(Repo(), b"2" * 40, b"1" * 40, "main")
    assert _forward(Repo(), b"1" * 40, b"3" * 40, "main") == b"3" * 40
