"""`PurgeFiles`: namespace files that nobody needs any more go."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from tiercel.plugin import (
    Example,
    Model,
    Output,
    Property,
    RunContext,
    Task,
    Text,
    chosen_namespaces,
    wildcard_matches,
)

__all__ = ["PurgeFiles"]


class Version(Model):
    """Delete versions of files; only the latest one is kept anyway."""

    type: Literal["version"]
    """Delete versions."""
    before: Text | None = None
    """Only older versions; the latest one stays."""
    keep_amount: int | None = None
    """How many versions of each file stay; none by default."""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.before is not None and self.keep_amount is not None:
            raise ValueError("Cannot set both 'before' and 'keepAmount' properties")
        return self


class PurgeFilesOutput(Output):
    """What `PurgeFiles` gives to later tasks."""

    size: int | None = None
    """How many files were deleted."""


class PurgeFiles(Task[PurgeFilesOutput]):
    """Delete files of many namespaces: only with a `behavior` that keeps none of a file's versions.

    There is but one version of each file, so `keepAmount: 1`, the default, and `before` leave all
    files alone.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Remove all drafts of a namespace and those below it",
            """\
id: purge_files
namespace: company.team

tasks:
  - id: purge
    type: io.kestra.plugin.core.namespace.PurgeFiles
    namespaces: [company]
    filePattern: "drafts/*.sql"
    behavior:
      type: version
      keepAmount: 0

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.purge.size }} files are gone"
""",
        ),
    )

    file_pattern: Property[str] | None = None
    """Only files whose path fits this pattern of `*`, which stands for slashes too, and `?`."""
    namespaces: Property[list[str]] | None = None
    """The namespaces; by default all that have flows."""
    namespace_pattern: Property[str] | None = None
    """Instead of `namespaces`: those that fit a pattern of `*` and `?`."""
    include_child_namespaces: Property[bool] = Property.of(True)
    """Whether namespaces below the named ones are meant, too."""
    behavior: Property[Version] = Property({"type": "version", "keepAmount": 1}, Version)
    """Which versions are deleted."""

    def run(self, ctx: RunContext) -> PurgeFilesOutput:
        """Delete the files.

        Raises:
            TaskError: both `namespaces` and `namespacePattern` are given.
        """
        chosen = chosen_namespaces(
            ctx, self.namespaces, self.namespace_pattern, self.include_child_namespaces
        )
        ctx.log("INFO", f"purging {len(chosen)} namespaces: [{', '.join(chosen)}]")
        behavior = ctx.render(self.behavior)
        count = 0
        if behavior.before is None and not behavior.keep_amount:
            count = sum(self._purge(ctx, namespace) for namespace in chosen)
        ctx.log("INFO", f"purged {count} files")
        return PurgeFilesOutput(size=count)

    def _purge(self, ctx: RunContext, namespace: str) -> int:
        pattern = ctx.render(self.file_pattern) or "*"
        return sum(
            ctx.storage.delete_namespace_file(path, namespace)
            for path in [*ctx.storage.namespace_files(namespace)]
            if wildcard_matches(path, pattern)
        )
