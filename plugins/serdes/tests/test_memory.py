from __future__ import annotations

import gc
import io
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tiercel.testing import run_task

SIZE = 8 << 20
LONG = b"x" * 500


class Source(io.RawIOBase):
    """A file that repeats a line until it is as long as it should be; nothing of it is kept."""

    def __init__(self, begin: bytes, line: bytes, end: bytes, size: int) -> None:
        block = line * 100
        self._parts = filter(None, [begin, *[block] * (size // len(block)), end])
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        self._rest = self._rest or next(self._parts, b"")
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


class Storage:
    """A storage with one source, which counts what is written and forgets it."""

    def __init__(self, *source: Any, size: int = SIZE) -> None:
        self._source = source
        self._size = size
        self.written = 0

    def open(self, key: str, start: int = 0, length: int | None = None) -> io.BufferedReader:
        return io.BufferedReader(Source(*self._source, self._size))

    def create(self, key: str) -> Storage:
        return self

    def write(self, data: bytes) -> int:
        self.written += len(data)
        return len(data)

    def commit(self) -> None: ...
    def abort(self) -> None: ...


@contextmanager
def peak() -> Iterator[list[int]]:
    """Give a list that holds, after the block, the most bytes that were in use inside it.

    Without the garbage collector: what only it would free stays longer, the more a process holds.
    """
    found: list[int] = []
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        yield found
        found.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
        gc.enable()


@pytest.mark.parametrize(
    ("kind", "source", "properties"),
    [
        ("csv.CsvToIon", (b"a,b\n", b'%b,"%b\n"\n' % (LONG, LONG), b""), {}),
        ("csv.IonToCsv", (b"", b'{a:1,b:"%b"}\n' % LONG, b""), {}),
        ("json.JsonToIon", (b"", b'{"a":1,"b":"%b"}\n' % LONG, b""), {}),
        ("json.JsonToIon", (b"[", b'{"a":1,"b":"%b"},\n' % LONG, b"0]"), {"newLine": False}),
        ("json.IonToJson", (b"", b'{a:1,b:"%b"}\n' % LONG, b""), {}),
        ("json.IonToJson", (b"", b'{a:1,b:"%b"}\n' % LONG, b""), {"newLine": False}),
        ("json.JsonToJsonl", (b"[", b'{"a":1,"b":"%b"},\n' % LONG, b"0]"), {}),
        ("xml.XmlToIon", (b"<r>", b"<i><b>%b</b></i>\n" % LONG, b"</r>"), {}),
        ("xml.XmlToIon", (b"<r>", b"<i><b>%b</b></i>\n" % LONG, b"<z/></r>"), {"query": "/r/i"}),
        ("xml.IonToXml", (b"", b'{a:1,b:"%b"}\n' % LONG, b""), {}),
        ("yaml.YamlToIon", (b"", b'---\na: 1\nb: "%b"\n' % LONG, b""), {}),
        ("yaml.YamlToJson", (b"", b'---\na: 1\nb: "%b"\n' % LONG, b""), {}),
        ("yaml.IonToYaml", (b"", b'{a:1,b:"%b"}\n' % LONG, b""), {}),
        ("avro.IonToAvro", (b"", b'{a:1,b:"%b"}\n' % LONG, b""), {}),
        ("parquet.IonToParquet", (b"", b'{a:1,b:"%b"}\n' % LONG, b""), {"rowGroupSize": 100_000}),
    ],
)
def test_memory_does_not_grow_with_the_file(
    kind: str, source: tuple[bytes, bytes, bytes], properties: dict[str, Any]
) -> None:
    storage = Storage(*source)
    task = {"type": f"io.kestra.plugin.serdes.{kind}", "from": "kestra:///company/team/x"}
    # Once before, whole, so that what is imported and cached on the way does not count.
    run_task({**task, **properties}, storage=Storage(*source))
    with peak() as most:
        result = run_task({**task, **properties}, storage=storage)
    assert result.error is None
    # Parquet has a text that repeats only once.
    assert storage.written > (0 if "Parquet" in kind else SIZE / 2)
    assert most[0] < SIZE / 2
