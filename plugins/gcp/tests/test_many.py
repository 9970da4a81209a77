"""What is done to many objects of Cloud Storage at once, against a server on loopback."""

from __future__ import annotations

import pytest

# The server may have to be built first.
pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ["in/a.csv", "in/b.csv"]),
        ({"listingType": "RECURSIVE"}, ["in/a.csv", "in/b.csv", "in/deep/c.csv"]),
        ({"regExp": ".*a[.]csv"}, ["in/a.csv"]),
        ({"maxFiles": 1, "validateChecksum": True}, ["in/a.csv"]),
    ],
    ids=str,
)
def test_files_are_downloaded(task, filled, options, found):
    result = task("Downloads", **{"from": f"gs://{filled}/in/"}, **options)
    assert result.error is None
    assert {
        name: result.file(uri).decode() for name, uri in result.outputs["outputFiles"].items()
    } == {name: name for name in found}
    assert [blob["name"] for blob in result.outputs["blobs"]] == found
    assert result.metrics[0].value == len(found)


def test_files_of_the_same_name_are_stored_apart(task, gcs, bucket):
    for name in ("a/x", "b/x"):
        gcs.bucket(bucket).blob(name).upload_from_string(name.encode())
    result = task("Downloads", **{"from": f"gs://{bucket}/"}, listingType="RECURSIVE")
    contents = [result.file(uri) for uri in result.outputs["outputFiles"].values()]
    assert contents == [b"a/x", b"b/x"]


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ({"action": "DELETE"}, ["in/", "in/deep/c.csv", "other.txt"]),
        (
            {"action": "MOVE", "moveDirectory": "gs://{}/done/"},
            ["done/a.csv", "done/b.csv", "in/", "in/deep/c.csv", "other.txt"],
        ),
    ],
    ids=["delete", "move"],
)
def test_downloaded_files_are_cleared_away(task, filled, names, action, left):
    given = {name: value.format(filled) for name, value in action.items()}
    assert task("Downloads", **{"from": f"gs://{filled}/in/"}, **given).error is None
    assert names(filled) == left


def test_files_are_not_moved_without_a_folder(task, filled):
    result = task("Downloads", **{"from": f"gs://{filled}/in/"}, action="MOVE")
    assert result.error == "Action MOVE needs a `moveDirectory`"


@pytest.mark.parametrize("concurrent", [None, 3])
def test_files_are_deleted(task, filled, names, concurrent):
    given = {"from": f"gs://{filled}/in/", "listingType": "RECURSIVE", "concurrent": concurrent}
    result = task("DeleteList", **given)
    assert result.outputs == {"count": 3, "size": 29}
    assert {metric.name: metric.value for metric in result.metrics} == result.outputs
    assert names(filled) == ["in/", "other.txt"]
    again = task("DeleteList", **given)
    assert again.outputs == {"count": 0, "size": 0}
    assert (
        "Unable to find any files to delete" in task("DeleteList", **given, errorOnEmpty=True).error
    )


def test_a_bucket_is_deleted_with_its_objects_only_when_that_is_wanted(task, filled, gcs):
    assert task("DeleteBucket", name=filled).error.startswith(f"Cannot delete bucket '{filled}'")
    result = task("DeleteBucket", name=filled, force=True)
    assert result.outputs == {"bucket": filled, "bucketUri": f"gs://{filled}"}
    assert gcs.lookup_bucket(filled) is None
    assert task("DeleteBucket", name=filled).error == f"Couldn't find bucket '{filled}'"
