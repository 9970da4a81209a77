"""`Split`: which lines go where."""

from __future__ import annotations

import pytest

from tiercel.testing import run_task

SPLIT = "io.kestra.plugin.core.storage.Split"


def parts(content, name="a.txt", **options):
    """Split a file; return the content of each part."""
    task = {"type": SPLIT, "from": "{{ files[name] }}", **options}
    result = run_task(task, files={name: content}, variables={"name": name})
    assert result.state == "SUCCESS", result.error
    return [result.file(uri) for uri in result.outputs["uris"]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"rows": 2}, [b"1\n22\n", b"333\n4\n", b"5\n"]),
        ({"rows": "{{ 4 }}"}, [b"1\n22\n333\n4\n", b"5\n"]),
        ({"rows": 9}, [b"1\n22\n333\n4\n5\n"]),
        ({"partitions": 2}, [b"1\n333\n5\n", b"22\n4\n"]),
        ({"partitions": 9}, [b"1\n", b"22\n", b"333\n", b"4\n", b"5\n"]),
        ({"bytes": "3"}, [b"1\n22\n", b"333\n", b"4\n5\n"]),
        ({"bytes": "1KB"}, [b"1\n22\n333\n4\n5\n"]),
        ({"regexPattern": r"(\d)\d+"}, [b"22\n", b"333\n"]),
        ({"regexPattern": r"\d"}, []),
    ],
    ids=str,
)
def test_lines_are_dealt_out(options, expected):
    assert parts("1\n22\n333\n4\n5\n", **options) == expected


@pytest.mark.parametrize(
    ("wins", "loses"),
    [("regexPattern", "bytes"), ("bytes", "partitions"), ("partitions", "rows")],
)
def test_of_several_ways_one_counts(wins, loses):
    ways = {"regexPattern": "(1|2)", "bytes": "2", "partitions": 1, "rows": 3}
    both = {wins: ways[wins], loses: ways[loses]}
    assert parts("1\n1\n2\n2\n", **both) == parts("1\n1\n2\n2\n", **{wins: ways[wins]})


def test_lines_with_the_same_key_meet_in_one_file():
    content = "[ERROR] a\n[INFO] b\n[ERROR] c\nno level\n"
    expected = [b"[ERROR] a\n[ERROR] c\n", b"[INFO] b\n"]
    assert parts(content, regexPattern=r"\[(\w+)\]") == expected


@pytest.mark.parametrize("content", ["a\r\nb", "a\rb", "a\nb\n"])
def test_every_line_end_becomes_the_separator(content):
    assert parts(content, rows=9, separator=";") == [b"a;b;"]


def test_the_separator_does_not_say_where_lines_end():
    assert parts("a;b;c", rows=1, separator=";") == [b"a;b;c;"]


def test_an_empty_file_has_no_parts():
    assert parts("", rows=1) == parts("", partitions=3) == []


def test_bytes_that_are_no_utf_8_survive():
    assert parts(b"\xff\xfe\n\x80\n", rows=1) == [b"\xff\xfe\n", b"\x80\n"]


def test_many_parts_grow_side_by_side(monkeypatch):
    monkeypatch.setattr("tiercel.plugin.split._MOST_WAITING", 1000)
    content = "".join(f"{number % 100}\n" for number in range(300))
    found = parts(content, regexPattern=r"(\d+)")
    assert found == [f"{key}\n".encode() * 3 for key in range(100)]


@pytest.mark.parametrize(("name", "suffix"), [("a.csv", ".csv"), ("a", ".tmp")])
def test_parts_have_the_extension_of_the_file(name, suffix):
    task = {"type": SPLIT, "from": "{{ files[name] }}", "rows": 1}
    result = run_task(task, files={name: "1\n"}, variables={"name": name})
    assert result.outputs["uris"][0].endswith(suffix)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Invalid configuration with no size, count, rows, nor regexPattern"),
        ({"bytes": "ten"}, "Invalid size with value 'ten'"),
        ({"partitions": 0}, "partitions must be at least 1, got 0"),
        ({"regexPattern": "("}, "is no regular expression"),
    ],
)
def test_options_that_mean_nothing_fail_the_task(options, message):
    result = run_task({"type": SPLIT, "from": "{{ files.a }}", **options}, files={"a": "x\n"})
    assert message in result.error
