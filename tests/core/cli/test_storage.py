from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Tiercel

FLOW = """
id: files
namespace: company.team
inputs:
  - {id: file, type: FILE}
tasks:
  - {id: t, type: io.kestra.plugin.core.log.Log, message: hi}
"""


def test_a_stored_file_is_written_as_it_is(tiercel: Tiercel) -> None:
    content = "a\r\n\0\x1b[31mü\n" * 1000
    Path("data.bin").write_bytes(content.encode())
    Path("flow.yaml").write_text(FLOW)
    done = tiercel("run", "flow.yaml", "-q", "--json", "--input-file", "file=@data.bin")
    uri = done.json()["inputs"]["file"]
    done = tiercel("storage", "cat", uri)
    assert (done.code, done.out) == (0, content)


@pytest.mark.parametrize(
    ("uri", "code", "message"),
    [
        ("kestra:///company/team/nothing", 4, "No file at 'kestra:///company/team/nothing'"),
        ("file:///etc/passwd", 2, "Not a storage URI: 'file:///etc/passwd'"),
        ("kestra:///../../etc/passwd", 2, "'../../etc/passwd' has the segment '..'"),
    ],
)
def test_what_is_not_stored_is_told(uri: str, code: int, message: str, tiercel: Tiercel) -> None:
    done = tiercel("storage", "cat", uri)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
