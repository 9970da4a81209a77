"""SFTP tasks on a real server on loopback."""

from __future__ import annotations

import hashlib

import pytest

NAMES = ["a.csv", "b.txt", "deep/c.csv"]


@pytest.fixture
def filled(server):
    """The server's folder with a few files in `in`."""
    for number, name in enumerate(NAMES, 1):
        path = server.folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name * number)
    return server.folder


def names(result):
    assert result.error is None
    return [each["name"] for each in result.outputs["files"]]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ["a.csv", "b.txt"]),
        ({"recursive": True}, ["a.csv", "b.txt", "c.csv"]),
        ({"recursive": True, "regExp": r".*\.csv"}, ["a.csv", "c.csv"]),
        ({"regExp": "/in/a.*"}, ["a.csv"]),
        ({"regExp": "a.*"}, []),
        ({"sort": "NAME_DESC"}, ["b.txt", "a.csv"]),
        ({"sort": "NAME_DESC", "maxFiles": 1}, ["b.txt"]),
        ({"rootDir": False}, ["a.csv", "b.txt"]),
        ({"enableSshRsa1": True}, ["a.csv", "b.txt"]),
        ({"keyExchangeAlgorithm": "curve25519-sha256"}, ["a.csv", "b.txt"]),
    ],
    ids=str,
)
def test_files_are_listed(task, filled, options, found):
    assert names(task("sftp.List", **{"from": "/in/"}, **options)) == found


def test_a_listed_file_is_described(task, filled):
    (found,) = task("sftp.List", **{"from": "in"}, regExp=".*a.csv").outputs["files"]
    assert (found["path"], found["size"], found["fileType"]) == ("/in/a.csv", 5, "FILE")
    assert found["updatedDate"].endswith("Z")
    assert found["symbolicLink"] is False


def test_a_file_is_downloaded(task, filled):
    result = task("sftp.Download", **{"from": "/in/deep/c.csv"})
    assert result.outputs["from"] == "sftp://127.0.0.1/in/deep/c.csv"
    content = b"deep/c.csv" * 3
    assert result.file(result.outputs["to"]) == content
    assert result.outputs["checksum"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("algorithm", ["MD5", "SHA_1", "SHA_512"])
def test_a_file_must_have_the_checksum_that_is_expected(task, filled, algorithm):
    wanted = hashlib.new(algorithm.replace("_", "").lower(), b"a.csv").hexdigest().upper()
    given = {"from": "/in/a.csv", "validateChecksum": True, "checksumAlgorithm": algorithm}
    assert task("sftp.Download", **given, checksumExpected=wanted).error is None
    assert "is " in task("sftp.Download", **given, checksumExpected="00").error


def test_files_are_downloaded_and_moved_away(task, filled):
    result = task("sftp.Downloads", **{"from": "in"}, action="MOVE", moveDirectory="done/today")
    assert sorted(result.outputs["outputFiles"]) == ["a.csv", "b.txt"]
    assert result.file(result.outputs["outputFiles"]["a.csv"]) == b"a.csv"
    assert result.outputs["files"][0]["path"] == result.outputs["outputFiles"]["a.csv"]
    assert sorted(each.name for each in (filled / "done/today").iterdir()) == ["a.csv", "b.txt"]
    assert [each.name for each in (filled / "in").iterdir()] == ["deep"]


def test_files_are_downloaded_and_deleted(task, filled):
    given = {"from": "in", "action": "DELETE", "recursive": True, "maxFiles": 2}
    result = task("sftp.Downloads", **given)
    assert names(result) == ["a.csv", "b.txt"]
    assert result.messages("WARN") == ["Too many files to process (3), limiting to 2"]
    assert not (filled / "in/a.csv").exists()
    assert (filled / "in/deep/c.csv").exists()


def test_a_file_is_uploaded_into_a_folder_that_is_made_for_it(task, server):
    result = task("sftp.Upload", **{"from": "{{ files.a }}"}, to="/new/b.txt", files={"a": "x" * 9})
    assert result.outputs["to"] == "sftp://127.0.0.1/new/b.txt"
    assert (server.folder / "new/b.txt").read_text() == "x" * 9
    again = {"from": "{{ files.a }}", "to": "/new/b.txt", "files": {"a": "y"}}
    assert "already exists" in task("sftp.Upload", **again, overwrite=False).error
    assert task("sftp.Upload", **again).error is None
    assert (server.folder / "new/b.txt").read_text() == "y"


@pytest.mark.parametrize(
    ("source", "uploaded"),
    [
        ({"one.txt": "{{ files.a }}", "two.txt": "{{ files.b }}"}, ["one.txt", "two.txt"]),
        (["{{ files.a }}", "{{ files.b }}"], ["a", "b"]),
        ('["{{ files.a }}"]', ["a"]),
        ("{{ files.b }}", ["b"]),
    ],
    ids=["map", "list", "JSON", "one"],
)
def test_several_files_are_uploaded(task, server, source, uploaded):
    result = task("sftp.Uploads", **{"from": source}, to="/in", files={"a": "1", "b": "2"})
    assert result.error is None
    assert result.outputs["files"] == [f"sftp://127.0.0.1/in/{name}" for name in uploaded]
    assert sorted(each.name for each in (server.folder / "in").iterdir()) == uploaded


def test_a_stored_list_of_files_is_uploaded(task, server):
    given = {"from": "{{ files.list }}", "to": "in", "regExp": ".*/a"}
    uris = "company/team/test-flow/executions/0000000000000000000000/inputs"
    held = "\n".join(f'"kestra:///{uris}/{name}/{name}"' for name in ("a", "b"))
    result = task("sftp.Uploads", **given, files={"a": "1", "b": "2", "list": held})
    assert result.error is None
    assert result.outputs == {"files": ["sftp://127.0.0.1/in/a"]}


@pytest.mark.parametrize(
    ("target", "left"),
    [("/done/", "done/a.csv"), ("/done/b.csv", "done/b.csv")],
    ids=["folder", "file"],
)
def test_a_file_is_moved(task, filled, target, left):
    result = task("sftp.Move", **{"from": "/in/a.csv"}, to=target)
    assert result.outputs["to"] == f"sftp://127.0.0.1/{left}"
    assert (filled / left).read_text() == "a.csv"
    assert not (filled / "in/a.csv").exists()


def test_a_file_is_moved_onto_another_only_when_that_is_wanted(task, filled):
    given = {"from": "/in/a.csv", "to": "/in/b.txt"}
    assert "already exists in the remote server" in task("sftp.Move", **given).error
    assert task("sftp.Move", **given, overwrite=True).error is None
    assert (filled / "in/b.txt").read_text() == "a.csv"


@pytest.mark.parametrize(
    ("options", "deleted", "uris", "left"),
    [
        ({"uri": "/in/a.csv"}, True, [], ["b.txt", "deep/c.csv"]),
        ({"uri": "/in/none"}, False, [], NAMES),
        ({"uri": "/in", "recursive": True}, True, [], []),
        ({"uri": "/in", "regExp": ".*csv"}, True, ["/in/a.csv"], ["b.txt", "deep/c.csv"]),
        ({"uri": "/in", "regExp": ".*pdf"}, False, [], NAMES),
    ],
    ids=str,
)
def test_files_are_deleted(task, filled, options, deleted, uris, left):
    result = task("sftp.Delete", **options)
    assert result.outputs["deleted"] is deleted
    assert result.outputs["uris"] == [f"sftp://127.0.0.1{each}" for each in uris]
    assert [name for name in NAMES if (filled / "in" / name).exists()] == left


@pytest.mark.parametrize(
    ("kind", "options", "reason"),
    [
        ("List", {"from": "/none"}, "Cannot list sftp://127.0.0.1/none: there is no such file"),
        ("List", {"from": "/", "regExp": "["}, "Invalid regExp '['"),
        ("List", {"from": "/", "proxyAddress": "p"}, "SFTP by a proxy is not supported"),
        ("Download", {"from": "/none"}, "Cannot download sftp://127.0.0.1/none: there is no such"),
        ("Downloads", {"from": "/", "action": "MOVE"}, "Action MOVE needs a `moveDirectory`"),
        ("Upload", {"from": "/etc/passwd"}, "'from' must be a Kestra's internal storage URI"),
        ("Move", {"from": "/none", "to": "/x"}, "Unable to find file 'sftp://127.0.0.1/none'"),
        ("Delete", {"uri": "/none", "errorOnMissing": True}, "Unable to find file 'sftp://"),
        ("Delete", {"uri": "/in"}, "Cannot delete sftp://127.0.0.1/in: "),
    ],
    ids=str,
)
def test_mistakes_are_told(task, filled, kind, options, reason):
    assert task(f"sftp.{kind}", **options).error.startswith(reason)


def test_a_key_opens_the_server(task, server, filled):
    given = {"from": "/in", "password": None, "keyfile": "{{ secret('KEY') }}"}
    assert len(names(task("sftp.List", **given, secrets={"KEY": server.key}))) == 2
