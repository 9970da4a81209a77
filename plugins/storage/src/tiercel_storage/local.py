"""`LocalFiles`: files into the working folder, and out of it."""

from __future__ import annotations

from typing import Any, ClassVar

from tiercel.plugin import (
    Example,
    Output,
    Property,
    RunContext,
    Task,
    store_output_files,
    write_input_files,
)

__all__ = ["LocalFiles"]


class LocalFilesOutput(Output):
    """What `LocalFiles` gives to later tasks."""

    uris: dict[str, str]
    """The files that were stored: path in the working folder → URI."""


class LocalFiles(Task[LocalFilesOutput]):
    """Write files to the working folder, and store files from there."""

    deprecated: ClassVar[str | None] = (
        "Use `inputFiles` and `outputFiles` of the task that needs them, "
        "or io.kestra.plugin.core.flow.WorkingDirectory"
    )
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Store a file under a name of its own",
            """\
id: local_files
namespace: company.team

tasks:
  - id: files
    type: io.kestra.plugin.core.storage.LocalFiles
    inputs:
      hello.txt: Hello from {{ flow.id }}
    outputs:
      - "*.txt"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ read(outputs.files.uris['hello.txt']) }}"
""",
        ),
    )

    inputs: Property[dict[str, Any] | str] | None = None
    """The files to write: name → content or URI; or the JSON text of such a map."""
    outputs: Property[list[str]] | None = None
    """Patterns of the files to store, such as `*.csv` or `sub/**`."""

    def run(self, ctx: RunContext) -> LocalFilesOutput:
        """Write the inputs, then store the outputs."""
        write_input_files(ctx, self.inputs)
        patterns = ctx.render(self.outputs) or []
        return LocalFilesOutput(uris=store_output_files(ctx, patterns))
