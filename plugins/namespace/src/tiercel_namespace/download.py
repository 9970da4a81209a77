"""`DownloadFiles`: from a namespace to the execution."""

from __future__ import annotations

import shutil
from typing import ClassVar

from tiercel.plugin import Example, Metric, MetricInfo, Output, Property, RunContext
from tiercel_namespace.patterns import PatternTask

__all__ = ["DownloadFiles"]

_CHUNK = 1 << 20


class DownloadOutput(Output):
    """What `DownloadFiles` gives to later tasks."""

    files: dict[str, str]
    """The files: path in the namespace, with a leading `/` → URI of the copy."""


class DownloadFiles(PatternTask[DownloadOutput]):
    """Copy files of a namespace to files of the execution."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Use the queries that a namespace keeps",
            """\
id: download_files
namespace: company.team

tasks:
  - id: queries
    type: io.kestra.plugin.core.namespace.DownloadFiles
    namespace: company.team
    files:
      - "queries/*.sql"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.queries.files | keys }}"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("downloaded", "counter", "How many files were copied"),
    )

    destination: Property[str] = Property.of("")
    """The folder, below that of the task run, in which the copies are stored."""

    def run(self, ctx: RunContext) -> DownloadOutput:
        """Copy the files."""
        destination = ctx.render(self.destination)
        copies: dict[str, str] = {}
        for namespace, path in self.found(ctx):
            with (
                ctx.storage.namespace_file(path, namespace) as source,
                ctx.storage.create(f"{destination}/{path}") as writer,
            ):
                shutil.copyfileobj(source, writer, _CHUNK)
            copies[f"/{path}"] = writer.uri
            ctx.log("DEBUG", f"Downloaded {writer.uri}")
        ctx.metric(Metric.counter("downloaded", len(copies)))
        return DownloadOutput(files=copies)
