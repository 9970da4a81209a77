"""`DeleteFiles`: files of a namespace go."""

from __future__ import annotations

from typing import ClassVar

from tiercel.plugin import Example, Metric, MetricInfo, Property, RunContext
from tiercel_namespace.patterns import FilesOutput, PatternTask

__all__ = ["DeleteFiles"]


class DeleteFiles(PatternTask[FilesOutput]):
    """Delete files of a namespace."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Delete what was uploaded for a while",
            """\
id: delete_files
namespace: company.team

tasks:
  - id: clean_up
    type: io.kestra.plugin.core.namespace.DeleteFiles
    namespace: company.team
    files: "/scratch/**"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("deleted", "counter", "How many files were deleted"),
    )

    delete_parent_folder: Property[bool] = Property.of(False)
    """Accepted for compatibility: a folder is there as long as a file is in it."""

    def run(self, ctx: RunContext) -> None:
        """Delete the files."""
        deleted = 0
        for namespace, path in self.found(ctx):
            if ctx.storage.delete_namespace_file(path, namespace):
                ctx.log("DEBUG", f"Deleted /{path}")
                deleted += 1
        ctx.metric(Metric.counter("deleted", deleted))
