"""ION text as plugins get it: bytes in, bytes out."""

from __future__ import annotations

import io

from tiercel.plugin import ion


def test_rows_go_to_a_file_of_bytes_and_back() -> None:
    file = io.BytesIO()
    rows = [{"id": 1, "name": "é"}, {"id": 2, "name": None}]
    assert ion.dump_lines(iter(rows), file) == 2
    assert file.getvalue() == '{id:1,name:"é"}\n{id:2,name:null}\n'.encode()
    assert list(ion.load_lines(io.BytesIO(file.getvalue()))) == rows
