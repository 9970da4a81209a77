"""What all converters have in common: one stored file in, another one out, in one pass."""

from __future__ import annotations

import codecs
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Generic, TextIO, TypeVar

from pydantic import Field

from tiercel.plugin import (
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    TaskKilledError,
    ion,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, BinaryIO

    from tiercel.plugin import StoredWriter

__all__ = [
    "ConvertedOutput",
    "Converter",
    "FileConverter",
    "TextConverter",
    "TextSink",
    "bad_input",
    "codec_of",
    "created",
    "ion_rows",
    "watched",
]

OutputT = TypeVar("OutputT", bound=Output, covariant=True)

# Rows between two looks at whether the task was killed.
_LOOK_EVERY = 1000


class ConvertedOutput(Output):
    """The result of a conversion."""

    uri: str
    """The stored file."""
    size: int
    """How many records were converted."""


class FileConverter(Task[OutputT], Generic[OutputT]):
    """Base of all tasks that read one stored file and write another one."""

    from_: Property[str] = Field(alias="from")
    """URI of the stored file to convert."""

    def _open(self, ctx: RunContext) -> BinaryIO:
        return ctx.storage.open(ctx.render(self.from_))

    def _rows(self, ctx: RunContext) -> Iterator[Any]:
        """Yield the rows of an ION source."""
        return ion_rows(ctx, ctx.render(self.from_))

    def _create(self, ctx: RunContext, suffix: str) -> StoredWriter:
        """Begin the target; it appears when the block ends well."""
        return created(ctx, suffix)


class Converter(FileConverter[ConvertedOutput]):
    """Base of the converters that count records."""

    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("records", "counter", "How many records were converted."),
    )

    def _done(self, ctx: RunContext, writer: StoredWriter, count: int) -> ConvertedOutput:
        ctx.metric(Metric.counter("records", count))
        return ConvertedOutput(uri=writer.uri, size=count)


class TextConverter(Converter):
    """Base of the converters to and from text."""

    charset: Property[str] = Property.of("UTF-8")
    """The character set of the text file, by its Java or Python name."""

    def _open_text(self, ctx: RunContext) -> TextIO:
        """Open the source as text; a byte-order mark of UTF-8 is left out."""
        charset = codec_of(ctx.render(self.charset))
        name = "utf-8-sig" if charset == "utf-8" else charset
        return io.TextIOWrapper(self._open(ctx), encoding=name, newline="")

    def _sink(self, ctx: RunContext, writer: StoredWriter) -> TextSink:
        return TextSink(writer, codec_of(ctx.render(self.charset)))


class TextSink:
    """Encodes text on its way into a stored file, in blocks.

    Attributes:
        charset: the codec's name.
    """

    def __init__(self, writer: StoredWriter, charset: str) -> None:
        self._writer = writer
        self.charset = charset
        self._encoder = codecs.getincrementalencoder(charset)()
        self._parts: list[str] = []
        self._length = 0

    def write(self, text: str) -> int:
        """Take some text; return its length."""
        self._parts.append(text)
        self._length += len(text)
        if self._length > 1 << 16:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Hand everything over.

        Raises:
            TaskError: the character set has no such character.
        """
        text = "".join(self._parts)
        self._parts.clear()
        self._length = 0
        try:
            self._writer.write(self._encoder.encode(text))
        except UnicodeEncodeError as error:
            raise TaskError(
                f"Character {error.object[error.start]!r} cannot be written in {self.charset}",
                retryable=False,
            ) from error


def ion_rows(ctx: RunContext, uri: str) -> Iterator[Any]:
    """Yield the rows of a stored ION file.

    Raises:
        TaskError: it is not ION.
    """
    with ctx.storage.open(uri) as stream, bad_input("ION"):
        yield from ion.load_lines(stream)


def created(ctx: RunContext, suffix: str) -> StoredWriter:
    """Begin a stored file with a name of its own."""
    return ctx.storage.create(f"{secrets.token_hex(8)}{suffix}")


@contextmanager
def bad_input(what: str) -> Iterator[None]:
    """Turn what decoders raise into errors of the task; `what` names the expected format.

    Raises:
        TaskError: the source is not what it should be.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise TaskError(
            f"The file is not {error.encoding.upper()}: {error.reason} at byte {error.start}; "
            "set `charset`",
            retryable=False,
        ) from error
    except (ValueError, ion.IonTextError) as error:
        raise TaskError(f"The file is not {what}: {error}", retryable=False) from error


def watched(ctx: RunContext, rows: Iterable[Any]) -> Iterator[Any]:
    """Yield the rows as long as the task is not killed.

    Raises:
        TaskKilledError: it was.
    """
    for number, row in enumerate(rows):
        if number % _LOOK_EVERY == 0 and ctx.cancelled:
            raise TaskKilledError("The conversion was stopped")
        yield row


def codec_of(name: str) -> str:
    """Return the name that Python has for a character set.

    Raises:
        TaskError: there is no such character set.
    """
    try:
        info = codecs.lookup(name)
        # Python has codecs that make no text, too.
        if not info._is_text_encoding:
            raise LookupError(name)
        return info.name
    except LookupError as error:
        raise TaskError(f"Unknown character set {name!r}", retryable=False) from error
