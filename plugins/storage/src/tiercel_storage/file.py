"""Tasks on one file, or on all of an execution: `Write`, `Size`, `Delete`, purge."""

from __future__ import annotations

import secrets
from typing import ClassVar

from tiercel.plugin import Example, Output, Property, RunContext, StoredFileNotFoundError, Task, Uri

__all__ = ["Delete", "PurgeCurrentExecutionFiles", "Size", "Write"]


class WriteOutput(Output):
    """What `Write` gives to later tasks."""

    uri: Uri
    """The stored file."""


class Write(Task[WriteOutput]):
    """Write a text to a new file in internal storage."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Keep a report as a file",
            """\
id: write_a_report
namespace: company.team

tasks:
  - id: report
    type: io.kestra.plugin.core.storage.Write
    extension: .txt
    content: |
      Report of {{ execution.startDate }}

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ read(outputs.report.uri) }}"
""",
        ),
    )

    content: Property[str]
    """The text; it is stored as UTF-8."""
    extension: Property[str] | None = None
    """How the file's name ends, with the dot; `.tmp` by default."""

    def run(self, ctx: RunContext) -> WriteOutput:
        """Store the text."""
        suffix = ctx.render(self.extension) or ".tmp"
        with ctx.storage.create(secrets.token_hex(8) + suffix) as writer:
            writer.write(ctx.render(self.content).encode())
        return WriteOutput(uri=writer.uri)


class SizeOutput(Output):
    """What `Size` gives to later tasks."""

    size: int
    """The file's size in bytes."""


class Size(Task[SizeOutput]):
    """Tell how large a stored file is; in an expression, `fileSize(uri)` does the same."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Look at a file's size",
            """\
id: size_of_a_file
namespace: company.team

tasks:
  - id: report
    type: io.kestra.plugin.core.storage.Write
    content: Twelve bytes

  - id: size
    type: io.kestra.plugin.core.storage.Size
    uri: "{{ outputs.report.uri }}"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.size.size }} bytes"
""",
        ),
    )

    uri: Property[str]
    """The stored file."""

    def run(self, ctx: RunContext) -> SizeOutput:
        """Return the size."""
        return SizeOutput(size=ctx.storage.size(ctx.render(self.uri)))


class DeleteOutput(Output):
    """What `Delete` gives to later tasks."""

    uri: Uri
    """The file that was to go."""
    deleted: bool
    """Whether it was there."""


class Delete(Task[DeleteOutput]):
    """Delete a file from internal storage."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Delete a file that is no longer needed",
            """\
id: delete_a_file
namespace: company.team

tasks:
  - id: scratch
    type: io.kestra.plugin.core.storage.Write
    content: for a moment only

  - id: clean_up
    type: io.kestra.plugin.core.storage.Delete
    uri: "{{ outputs.scratch.uri }}"
""",
        ),
    )

    uri: Property[str]
    """The stored file."""
    error_on_missing: Property[bool] = Property.of(False)
    """Fail when there is no such file."""

    def run(self, ctx: RunContext) -> DeleteOutput:
        """Delete the file and say whether it was there.

        Raises:
            StoredFileNotFoundError: it was not, and `errorOnMissing` is set.
        """
        uri = ctx.render(self.uri)
        deleted = ctx.storage.delete(uri)
        if not deleted and ctx.render(self.error_on_missing):
            raise StoredFileNotFoundError(f"Unable to find file '{uri}'")
        return DeleteOutput(uri=uri, deleted=deleted)


class PurgeOutput(Output):
    """What `PurgeCurrentExecutionFiles` gives to later tasks."""

    uris: list[str]
    """The files that were deleted."""


class PurgeCurrentExecutionFiles(Task[PurgeOutput]):
    """Delete all files of the execution: inputs, outputs of tasks, those of its trigger."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Leave no file behind",
            """\
id: leave_no_file_behind
namespace: company.team

tasks:
  - id: scratch
    type: io.kestra.plugin.core.storage.Write
    content: for this execution only

finally:
  - id: purge
    type: io.kestra.plugin.core.storage.PurgeCurrentExecutionFiles
""",
        ),
    )

    def run(self, ctx: RunContext) -> PurgeOutput:
        """Delete the files and name them."""
        return PurgeOutput(uris=ctx.storage.purge_execution())
