"""`Split`: one file into several."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tiercel.plugin import Example, Output, Property, RunContext, SplitOptions, Task

__all__ = ["Split"]


class SplitOutput(Output):
    """What `Split` gives to later tasks."""

    uris: list[str]
    """The parts, in the order in which they began."""


class Split(SplitOptions, Task[SplitOutput]):
    """Cut a stored file into smaller ones, line by line.

    The first of `regexPattern`, `bytes`, `partitions` and `rows` that is given counts.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Files of two rows each",
            """\
id: split_by_rows
namespace: company.team

tasks:
  - id: numbers
    type: io.kestra.plugin.core.storage.Write
    content: "1\\n2\\n3\\n"

  - id: parts
    type: io.kestra.plugin.core.storage.Split
    from: "{{ outputs.numbers.uri }}"
    rows: 2

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.parts.uris | length }} files"
""",
        ),
        Example(
            "One file for each level of a log",
            """\
id: split_by_level
namespace: company.team

tasks:
  - id: log_file
    type: io.kestra.plugin.core.storage.Write
    extension: .log
    content: |
      [ERROR] it broke
      [INFO] it works
      [ERROR] again

  - id: levels
    type: io.kestra.plugin.core.storage.Split
    from: "{{ outputs.log_file.uri }}"
    regexPattern: '\\[(\\w+)\\]'
""",
        ),
    )

    from_: Property[str] = Field(alias="from")
    """The stored file to cut."""

    def run(self, ctx: RunContext) -> SplitOutput:
        """Write the parts.

        Raises:
            TaskError: none of the ways to cut it is given.
        """
        return SplitOutput(uris=self.split(ctx, ctx.render(self.from_)))
