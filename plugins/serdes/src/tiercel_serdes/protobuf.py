"""`io.kestra.plugin.serdes.protobuf.ProtobufToIon`.

Properties and defaults are those of Kestra's serdes plugin; the work is that of Google's library.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from pydantic import Field

from tiercel.plugin import Example, Property, RunContext, TaskError, ion
from tiercel_serdes.converter import ConvertedOutput, Converter, watched
from tiercel_serdes.library import library

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ProtobufToIon"]

# Protobuf itself has no larger messages.
_LARGEST = (1 << 31) - 1


class ProtobufToIon(Converter):
    """Convert protobuf messages to ION, as protobuf's own JSON mapping has them."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Convert a file of messages, each with its length before it.",
            """\
id: protobuf_to_ion
namespace: company.team

inputs:
  - id: file
    type: FILE
  - id: descriptor
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.protobuf.ProtobufToIon
    from: "{{ inputs.file }}"
    descriptorFile: "{{ inputs.descriptor }}"
    typeName: com.company.Product
    delimited: true
""",
        ),
    )

    descriptor_file: Property[str]
    """URI of a stored descriptor, made by `protoc --include_imports --descriptor_set_out=…`."""
    message_type: Property[str] = Field(alias="typeName")
    """The full name of the message type, as `com.company.Product`."""
    delimited: Property[bool] = Property.of(False)
    """Whether the file holds many messages, each with its length before it; otherwise it is one."""
    error_on_unknown_fields: Property[bool] = Property.of(False)
    """Whether a field that the descriptor does not have is an error."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: a message is damaged, or the descriptor does not describe it.
        """
        message_class = self._message_class(ctx)
        read = _delimited if ctx.render(self.delimited) else _single
        with self._open(ctx) as stream, self._create(ctx, ".ion") as writer:
            rows = map(self._decoder(ctx, message_class), watched(ctx, read(stream)))
            count = ion.dump_lines(rows, writer)
        return self._done(ctx, writer, count)

    def _message_class(self, ctx: RunContext) -> Any:
        pool = library("google.protobuf.descriptor_pool", "protobuf").DescriptorPool()
        descriptor_set = library("google.protobuf.descriptor_pb2", "protobuf").FileDescriptorSet()
        decode_error = library("google.protobuf.message", "protobuf").DecodeError
        with ctx.storage.open(ctx.render(self.descriptor_file)) as stream:
            try:
                descriptor_set.ParseFromString(stream.read())
                _add(pool, {each.name: each for each in descriptor_set.file})
            except (decode_error, TypeError) as error:
                raise TaskError(f"Invalid descriptor: {error}", retryable=False) from error
        name = ctx.render(self.message_type).removeprefix(".")
        try:
            descriptor = pool.FindMessageTypeByName(name)
        except KeyError as error:
            raise TaskError(
                f"Message type not found in descriptor: {name}", retryable=False
            ) from error
        return library("google.protobuf.message_factory", "protobuf").GetMessageClass(descriptor)

    def _decoder(self, ctx: RunContext, message_class: Any) -> Callable[[bytes], Any]:
        """Return a function from a message's bytes to its row."""
        to_dict = library("google.protobuf.json_format", "protobuf").MessageToDict
        unknown_fields = library("google.protobuf.unknown_fields", "protobuf").UnknownFieldSet
        decode_error = library("google.protobuf.message", "protobuf").DecodeError
        strict = ctx.render(self.error_on_unknown_fields)

        def decode(data: bytes) -> Any:
            try:
                message = message_class.FromString(data)
            except decode_error as error:
                raise TaskError(f"Invalid protobuf message: {error}", retryable=False) from error
            if strict and (unknown := [each.field_number for each in unknown_fields(message)]):
                numbers = ", ".join(map(str, unknown))
                raise TaskError(f"Message contains unknown fields: {numbers}", retryable=False)
            return to_dict(message)

        return decode


def _add(pool: Any, files: dict[str, Any]) -> None:
    """Add files to a pool, each after those that it imports."""
    added: set[str] = set()

    def add(name: str, waiting: tuple[str, ...]) -> None:
        if name in added:
            return
        if name not in files or name in waiting:
            reason = "imports itself" if name in waiting else "is missing"
            raise TaskError(
                f"Invalid descriptor: {name!r} {reason}; make it with --include_imports",
                retryable=False,
            )
        for dependency in files[name].dependency:
            add(dependency, (*waiting, name))
        pool.AddSerializedFile(files[name].SerializeToString())
        added.add(name)

    for name in files:
        add(name, ())


def _single(stream: BinaryIO) -> Iterator[bytes]:
    data = stream.read()
    if data:
        yield data


def _delimited(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the messages of a file.

    Raises:
        TaskError: it ends within a message.
    """
    while (length := _length(stream)) is not None:
        data = stream.read(length)
        if len(data) < length:
            raise TaskError("Invalid protobuf message: the file ends within it", retryable=False)
        yield data


def _length(stream: BinaryIO) -> int | None:
    """Read a length; None at the end."""
    length = shift = 0
    while byte := stream.read(1):
        length |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            if length > _LARGEST:
                break
            return length
        shift += 7
        if shift > 63:
            break
    if not byte and not shift:
        return None
    raise TaskError("Invalid protobuf message: its length is damaged", retryable=False)
