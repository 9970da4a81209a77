"""`Download` against a real server on loopback."""

from __future__ import annotations

import tracemalloc
from urllib.parse import quote

import pytest

CSV = b"id,name\n1,ada\n2,bob\n3,cyd\n"


def name_of(result):
    assert result.error is None
    return result.outputs["uri"].rpartition("/")[2]


def test_a_file_is_stored(server):
    result = server.call("/file.csv", "Download")
    assert result.file(result.outputs["uri"]) == CSV
    assert result.outputs["uri"].startswith("kestra:///company/team/test-flow/executions/")
    assert result.outputs["length"] == 26
    assert result.outputs["code"] == 200
    assert result.outputs["headers"]["content-type"] == ["text/csv"]


def test_a_file_is_named_like_the_uri(server):
    assert name_of(server.call("/file.csv?x=/y.txt", "Download")) == "file.csv"
    assert name_of(server.call("/big/9/a%20b.txt", "Download")) == "a%20b.txt"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="people.csv"', "people.csv"),
        ("attachment; filename=people.csv", "people.csv"),
        ("attachment; filename=\"x.csv\"; filename*=UTF-8''na%C3%AFve.csv", "na%C3%AFve.csv"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\dir\\\\evil.exe"', "evil.exe"),
        ('attachment; filename=".."', "download"),
        ("attachment", "file.csv"),
    ],
)
def test_a_file_is_named_as_the_reply_says_without_folders(server, disposition, name):
    path = f"/file.csv?disposition={quote(disposition)}"
    assert name_of(server.call(path, "Download")) == name


def test_save_as_names_the_file(server):
    path = f"/file.csv?disposition={quote('attachment; filename=theirs.csv')}"
    assert name_of(server.call(path, "Download", saveAs="{{ flow.id }}.csv")) == "test_flow.csv"


def test_an_empty_file_fails_and_leaves_nothing_behind(server):
    result = server.call("/empty", "Download")
    assert result.error == "No response from server"
    assert result.files() == []


def test_an_empty_file_can_be_allowed(server):
    result = server.call("/empty", "Download", failOnEmptyResponse=False)
    assert result.outputs["length"] == 0
    assert result.messages("WARN") == [f"File '{server.origin}/empty' is empty"]


def test_a_failed_status_code_fails_and_leaves_nothing_behind(server):
    result = server.call("/status/404", "Download")
    assert "Failed http request with response code '404'" in result.error
    assert result.files() == []


def test_a_download_that_breaks_off_leaves_nothing_behind(server):
    result = server.call("/cut", "Download")
    assert "closed the connection" in result.error
    assert result.files() == []


def test_a_compressed_reply_is_stored_decompressed(server):
    result = server.call("/gzip", "Download")
    assert result.file(result.outputs["uri"]) == b"packed " * 1000
    assert result.outputs["length"] == 7000


def test_a_post_can_be_downloaded(server):
    result = server.call("/echo", "Download", method="POST", formData={"a": "1"})
    assert b'"a=1"' in result.file(result.outputs["uri"])


def test_a_download_does_not_fill_the_memory(server, tmp_path):
    size = 200 * 1024 * 1024
    from tiercel.testing import run_task

    storage = Discarding()
    tracemalloc.start()
    result = run_task(
        {
            "type": "io.kestra.plugin.core.http.Download",
            "uri": f"{server.origin}/big/{size}",
        },
        storage=storage,
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.outputs["length"] == storage.received == size
    assert peak < 10 * 1024 * 1024


class Discarding:
    """A storage that counts what it is given."""

    received = 0

    def create(self, key):
        return self

    def write(self, data):
        self.received += len(data)
        return len(data)

    def commit(self):
        """Keep nothing."""
