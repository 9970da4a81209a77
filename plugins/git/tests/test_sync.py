"""`SyncNamespaceFiles`, `SyncFlows` and `SyncFlow` from a real repository."""

from __future__ import annotations

import pytest
from git_server import git

FLOW = """\
id: {id}
namespace: in.the.repository
tasks:
  - id: hello
    type: io.kestra.plugin.core.log.Log
    message: {message}
"""


def flow(flow_id, message="hi"):
    return FLOW.format(id=flow_id, message=message)


def states(rows, key):
    return {row[key]: row["syncState"] for row in rows}


def test_files_are_copied_to_the_namespace(origin, world):
    origin.commit(_files__a_dot_py="a", _files__deep__b_dot_py="b", other_dot_txt="x")
    state, outputs, _ = world.run("SyncNamespaceFiles")
    assert state == "SUCCESS"
    assert world.namespace_files() == {"a.py": "a", "deep/b.py": "b"}
    assert world.rows(outputs["files"]) == [
        {"gitPath": "_files/a.py", "syncState": "ADDED", "kestraPath": "/a.py"},
        {"gitPath": "_files/deep/b.py", "syncState": "ADDED", "kestraPath": "/deep/b.py"},
    ]


def test_only_what_differs_is_written(origin, world):
    origin.commit(_files__same="same", _files__changed="new")
    world.put("same", "same")
    world.put("changed", "old")
    world.put("mine", "mine")
    _, outputs, _ = world.run("SyncNamespaceFiles")
    rows = states(world.rows(outputs["files"]), "kestraPath")
    assert rows == {"/changed": "OVERWRITTEN", "/same": "UNCHANGED"}
    assert world.namespace_files() == {"changed": "new", "mine": "mine", "same": "same"}


def test_what_the_repository_lacks_is_deleted_on_request(origin, world):
    origin.commit(_files__a="a")
    world.put("mine", "mine")
    _, outputs, _ = world.run("SyncNamespaceFiles", delete=True)
    assert world.namespace_files() == {"a": "a"}
    assert {"syncState": "DELETED", "kestraPath": "/mine"} in world.rows(outputs["files"])


def test_a_dry_run_only_tells_what_would_be_done(origin, world):
    origin.commit(_files__a="a")
    world.put("mine", "mine")
    _, outputs, _ = world.run("SyncNamespaceFiles", delete=True, dryRun=True)
    rows = states(world.rows(outputs["files"]), "kestraPath")
    assert rows == {"/a": "ADDED", "/mine": "DELETED"}
    assert world.namespace_files() == {"mine": "mine"}


def test_another_directory_goes_to_another_namespace(origin, world):
    origin.commit(scripts__a="a")
    world.run("SyncNamespaceFiles", gitDirectory="scripts", namespace="company.other")
    assert world.namespace_files("company.other") == {"a": "a"}


def test_ignored_files_and_those_of_git_are_left_out(origin, world):
    origin.commit(
        _files___dot_kestraignore="*.tmp\n",
        _files__a_dot_tmp="x",
        _files__b="b",
        _files___dot_gitignore="x",
    )
    world.run("SyncNamespaceFiles")
    assert sorted(world.namespace_files()) == [".kestraignore", "b"]


def test_a_link_out_of_the_repository_is_not_followed(origin, world, tmp_path):
    (tmp_path / "private").write_text("private")
    (origin.work / "_files").mkdir()
    (origin.work / "_files/link").symlink_to(tmp_path / "private")
    origin.commit(_files__a="a")
    _, _, logs = world.run("SyncNamespaceFiles")
    assert world.namespace_files() == {"a": "a"}
    assert "Left out 'link': it is a link out of the repository" in logs


def test_a_directory_that_links_out_of_the_repository_is_refused(origin, world, tmp_path):
    (origin.work / "_files").symlink_to(tmp_path)
    origin.commit(a="a")
    state, _, logs = world.run("SyncNamespaceFiles")
    assert (state, world.namespace_files()) == ("FAILED", {})
    assert "Path '_files' leads out of the repository" in logs


def test_a_missing_directory_fails_unless_it_may_be_missing(origin, world):
    origin.commit(a="a")
    state, _, logs = world.run("SyncNamespaceFiles")
    assert state == "FAILED"
    assert "The directory '_files' was not found in the git repository." in logs
    assert world.run("SyncNamespaceFiles", failOnMissingDirectory=False)[0] == "SUCCESS"


def test_flows_are_stored_in_the_target_namespace(origin, world):
    origin.commit(_flows__one_dot_yaml=flow("one"), _flows__two_dot_yml=flow("two"))
    state, outputs, _ = world.run("SyncFlows", targetNamespace="company.team")
    assert state == "SUCCESS"
    assert world.flow_ids() == ["company.team.one", "company.team.two"]
    first = {
        "gitPath": "_flows/one.yaml",
        "syncState": "ADDED",
        "flowId": "one",
        "namespace": "company.team",
        "revision": 1,
    }
    assert world.rows(outputs["flows"])[0] == first


def test_flows_in_folders_go_to_namespaces_below(origin, world):
    origin.commit(_flows__one_dot_yml=flow("one"), _flows__deep__er__two_dot_yml=flow("two"))
    world.run("SyncFlows", targetNamespace="company.team")
    assert world.flow_ids() == ["company.team.one"]
    world.run("SyncFlows", targetNamespace="company.team", includeChildNamespaces=True)
    assert world.flow_ids() == ["company.team.one", "company.team.deep.er.two"]


def test_flows_are_updated_kept_and_deleted(origin, world):
    origin.commit(_flows__same_dot_yml=flow("same"), _flows__new_dot_yml=flow("new"))
    world.run("SyncFlows", targetNamespace="company.team")
    world.flows.save(flow("gone").replace("in.the.repository", "company.team"))
    origin.commit(_flows__new_dot_yml=flow("new", "other"))
    _, outputs, _ = world.run("SyncFlows", targetNamespace="company.team", delete=True)
    rows = states(world.rows(outputs["flows"]), "flowId")
    assert rows == {"gone": "DELETED", "new": "UPDATED", "same": "UNCHANGED"}
    assert world.flow_ids() == ["company.team.new", "company.team.same"]


def test_the_flow_that_syncs_is_never_deleted(origin, world):
    origin.commit(_flows__one_dot_yml=flow("one"))
    world.run("SyncFlows", targetNamespace="company.team", delete=True)
    assert [found.id for found in world.flows.find("company.team")] == ["one", "sync"]


def test_a_dry_run_stores_no_flow(origin, world):
    origin.commit(_flows__one_dot_yml=flow("one"))
    _, outputs, _ = world.run("SyncFlows", targetNamespace="company.team", dryRun=True)
    assert states(world.rows(outputs["flows"]), "flowId") == {"one": "ADDED"}
    assert world.flow_ids() == []


def test_flow_tests_that_lie_beside_flows_are_left_alone(origin, world):
    origin.commit(_flows__a_dot_yml=flow("a"), _flows__a_dot_test_dot_yaml="id: b\nflowId: a\n")
    state, outputs, _ = world.run("SyncFlows", targetNamespace="company.team")
    assert state == "SUCCESS"
    assert states(world.rows(outputs["flows"]), "gitPath") == {"_flows/a.yml": "ADDED"}


def test_a_flow_that_is_wrong_stops_all_of_them(origin, world):
    origin.commit(_flows__a_dot_yml=flow("a"), _flows__b_dot_yml="id: b\nnamespace: x\n")
    state, _, logs = world.run("SyncFlows", targetNamespace="company.team")
    assert state == "FAILED"
    assert "Invalid flow imported from Git (b.yml): " in logs
    assert world.flow_ids() == []


def test_a_flow_that_is_wrong_can_be_left_out_and_deletes_nothing(origin, world):
    origin.commit(_flows__a_dot_yml=flow("a"), _flows__b_dot_yml="id: b\nnamespace: x\n")
    world.flows.save(flow("b").replace("in.the.repository", "company.team"))
    state, _, logs = world.run(
        "SyncFlows", targetNamespace="company.team", ignoreInvalidFlows=True, delete=True
    )
    assert state == "SUCCESS"
    assert "Invalid flow imported from Git (b.yml): " in logs
    assert world.flow_ids() == ["company.team.a", "company.team.b"]


def test_one_flow_is_stored(origin, world):
    origin.commit(any__where_dot_yaml=flow("one"))
    given = {"targetNamespace": "company.other", "flowPath": "any/where.yaml"}
    outputs = {"flowId": "one", "namespace": "company.other", "revision": 1}
    assert world.run("SyncFlow", **given, dryRun=True)[1] == outputs
    assert world.flow_ids("company.other") == []
    assert world.run("SyncFlow", **given)[1] == outputs
    assert world.flow_ids("company.other") == ["company.other.one"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("missing.yaml", "Flow file not found at path: missing.yaml"),
        ("broken.yaml", "Invalid flow imported from Git (broken.yaml): "),
        ("../../etc/passwd", "leads out of the repository"),
    ],
)
def test_a_flow_that_is_none_is_told(origin, world, path, reason):
    origin.commit(broken_dot_yaml="id: b\nnamespace: x\n")
    state, _, logs = world.run("SyncFlow", targetNamespace="company", flowPath=path)
    assert state == "FAILED"
    assert reason in logs


def test_flows_of_another_branch_are_stored(origin, world):
    origin.commit(a="a")
    origin.commit("develop", _flows__one_dot_yml=flow("one"))
    git("checkout", "main", cwd=origin.work)
    world.run("SyncFlows", targetNamespace="company.team", branch="develop")
    assert world.flow_ids() == ["company.team.one"]
