"""`Reverse`: the last line first, in any character set and with any block size."""

from __future__ import annotations

import io

import pytest

from tiercel.testing import run_task
from tiercel_storage.reverse import lines_backwards

REVERSE = "io.kestra.plugin.core.storage.Reverse"


@pytest.mark.parametrize("block", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    "text", ["", "\n", "a", "a\n", "a\nb", "a\n\nbcd\n", "\n\na", "one\ntwo\nthree\n"]
)
def test_lines_come_backwards_whatever_the_block(text, block):
    found = list(lines_backwards(io.BytesIO(text.encode()), block))
    assert found == [line.encode() for line in reversed(text.splitlines())]


def reverse(content, **options):
    task = {"type": REVERSE, "from": "{{ files['a.csv'] }}", **options}
    return run_task(task, files={"a.csv": content})


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("1\n2\n3\n", {}, b"3\n2\n1\n"),
        ("1\r\n2", {}, b"2\n1\n"),
        ("1\n2\n", {"separator": "\r\n"}, b"2\r\n1\r\n"),
        ("é\nü\n".encode("latin-1"), {"charset": "ISO-8859-1"}, "ü\né\n".encode("latin-1")),
        ("é\nü\n".encode("utf-16-le"), {"charset": "UTF-16LE"}, "ü\né\n".encode("utf-16-le")),
        (b"\xff\n\xfe\n", {}, b"\xfe\n\xff\n"),
        ("", {}, b""),
    ],
)
def test_a_file_is_reversed(content, options, expected):
    result = reverse(content, **options)
    assert result.error is None
    assert result.file(result.outputs["uri"]) == expected
    assert result.outputs["uri"].endswith(".csv")


@pytest.mark.parametrize(
    ("content", "charset", "message"),
    [
        ("x", "klingon", "Unknown charset 'klingon'"),
        (b"\xff", "US-ASCII", "The file is not ascii"),
    ],
)
def test_a_wrong_charset_fails_the_task(content, charset, message):
    assert message in reverse(content, charset=charset).error
