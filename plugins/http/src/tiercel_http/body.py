"""Request bodies: text, a stored file, a form. Files are streamed from storage, never loaded.

A body is a sequence of segments, each some bytes or a stored file, so its length is known before
anything is sent, and it can be sent again after a redirect or an authentication challenge.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from tiercel.plugin import TaskError, TaskStorage

__all__ = ["Body", "StoredSegment", "form_body", "text_body"]

_CHUNK = 256 * 1024
_BINARY = "application/octet-stream"
_URL_ENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A file in internal storage, as a piece of a body; `length` is in bytes."""

    storage: TaskStorage
    uri: str
    length: int

    @classmethod
    def of(cls, storage: TaskStorage, uri: str) -> StoredSegment:
        """Return the segment of a stored file.

        Raises:
            StoredFileNotFoundError: there is no such file.
        """
        return cls(storage, uri, storage.size(uri))

    @property
    def name(self) -> str:
        """The file's own name."""
        return unquote(urlsplit(self.uri).path.rpartition("/")[2])

    def __iter__(self) -> Iterator[bytes]:
        with self.storage.open(self.uri) as file:
            while chunk := file.read(_CHUNK):
                yield chunk


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent: iterate it, as often as needed, for the bytes."""

    segments: tuple[bytes | StoredSegment, ...]
    content_type: str

    @property
    def length(self) -> int:
        """The length in bytes."""
        return sum(
            segment.length if isinstance(segment, StoredSegment) else len(segment)
            for segment in self.segments
        )

    def __iter__(self) -> Iterator[bytes]:
        for segment in self.segments:
            if isinstance(segment, StoredSegment):
                yield from segment
            else:
                yield segment

    def preview(self) -> str:
        """Return the body for the log: texts as they are, files by name and size."""
        return "".join(
            f"<file {segment.name!r}, {segment.length} bytes>"
            if isinstance(segment, StoredSegment)
            else segment.decode("utf-8", "replace")
            for segment in self.segments
        )


def text_body(text: str, content_type: str, charset: str, storage: TaskStorage) -> Body:
    """Return the body for a `body` property: a text, or the file it names by a `kestra://` URI.

    Raises:
        TaskError: the text does not fit the charset.
    """
    if _is_stored(text.strip()):
        return Body((StoredSegment.of(storage, text.strip()),), content_type)
    if written := re.search(r"charset=\"?([^\s;\"]+)", content_type, re.IGNORECASE):
        charset, typed = written[1], content_type
    else:
        typed = f"{content_type}; charset={charset.upper()}"
    try:
        return Body((text.encode(charset),), typed)
    except (LookupError, UnicodeEncodeError) as error:
        raise TaskError(f"Body cannot be sent as {charset}: {error}") from error


def form_body(form: Mapping[str, Any], content_type: str, storage: TaskStorage) -> Body:
    """Return the body for a `formData` property.

    It is sent as `multipart/form-data` when `content_type` says so or when a value describes a
    file, otherwise URL-encoded (Kestra: AbstractHttp.request).
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return _multipart(form, _BINARY, storage)
    if any(map(_is_file, form.values())):
        file_type = _BINARY if media_type in ("application/json", _URL_ENCODED) else content_type
        return _multipart(form, file_type, storage)
    return _url_encoded(form)


def _url_encoded(form: Mapping[str, Any]) -> Body:
    pairs = [
        (name, _as_text(item))
        for name, value in form.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]
    # Kestra names the charset of Java's forms. Anything beyond ASCII would not survive it.
    ascii_only = all(text.isascii() for pair in pairs for text in pair)
    charset = "ISO-8859-1" if ascii_only else "UTF-8"
    return Body((urlencode(pairs).encode("ascii"),), f"{_URL_ENCODED}; charset={charset}")


def _multipart(form: Mapping[str, Any], file_type: str, storage: TaskStorage) -> Body:
    boundary = secrets.token_hex(16)
    segments: list[bytes | StoredSegment] = []
    for name, value in form.items():
        for part in _parts(name, value, file_type, storage):
            segments += [f"--{boundary}\r\n{part.head}\r\n\r\n".encode(), part.content, b"\r\n"]
    segments.append(f"--{boundary}--\r\n".encode())
    return Body(tuple(segments), f"multipart/form-data; boundary={boundary}")


@dataclass(frozen=True, slots=True)
class _Part:
    head: str
    content: bytes | StoredSegment


def _parts(name: str, value: Any, file_type: str, storage: TaskStorage) -> Iterator[_Part]:
    if isinstance(value, list) and value and all(map(_is_file, value)):
        for item in value:
            yield from _parts(name, item, file_type, storage)
    elif _is_stored(value):
        segment = StoredSegment.of(storage, value)
        yield _file_part(name, segment.name, file_type, segment)
    elif _is_file(value):
        content = _content(value, storage)
        yield _file_part(name, _file_name(value, content, name), file_type, content)
        for key, item in (value.get("metadata") or {}).items():
            yield _text_part(str(key), _as_text(item))
    elif value is not None:
        yield _text_part(name, _as_text(value))


def _content(value: Mapping[str, Any], storage: TaskStorage) -> bytes | StoredSegment:
    source = value.get("content", value.get("url"))
    if _is_stored(source):
        return StoredSegment.of(storage, str(source))
    return _as_text(source).encode()


def _file_name(value: Mapping[str, Any], content: bytes | StoredSegment, default: str) -> str:
    written = value.get("name") or value.get("filename") or value.get("file")
    return str(written or (content.name if isinstance(content, StoredSegment) else default))


def _file_part(name: str, file_name: str, kind: str, content: bytes | StoredSegment) -> _Part:
    disposition = f'form-data; name="{_quoted(name)}"; filename="{_quoted(file_name)}"'
    return _Part(f"Content-Disposition: {disposition}\r\nContent-Type: {kind}", content)


def _text_part(name: str, text: str) -> _Part:
    disposition = f'form-data; name="{_quoted(name)}"'
    kind = "text/plain; charset=UTF-8"
    return _Part(f"Content-Disposition: {disposition}\r\nContent-Type: {kind}", text.encode())


def _quoted(text: str) -> str:
    # As browsers do it (WHATWG HTML, multipart/form-data encoding algorithm).
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _is_stored(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("kestra://") and "\n" not in value


def _is_file(value: Any) -> bool:
    """Return whether a form value describes a file: {name, content} or {file or filename, url}."""
    if not isinstance(value, Mapping):
        return False
    if "name" in value and "content" in value:
        return True
    return "url" in value and ("file" in value or "filename" in value)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
