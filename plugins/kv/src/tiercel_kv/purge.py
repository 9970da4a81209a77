"""`PurgeKV`: pairs that nobody needs any more go."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tiercel.plugin import (
    Example,
    Model,
    Output,
    Property,
    RunContext,
    Task,
    Text,
    chosen_namespaces,
    old_value,
    wildcard_matches,
)

__all__ = ["PurgeKV"]


class Key(Model):
    """Delete pairs."""

    type: Literal["key"]
    """Delete pairs."""
    expired_only: bool = True
    """Only those whose time is over."""


class Version(Model):
    """Delete versions of values; only the latest one is kept anyway."""

    type: Literal["version"]
    """Delete versions."""
    before: Text | None = None
    """Only older versions; the latest one stays."""
    keep_amount: int | None = None
    """How many versions of each key stay; none by default."""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.before is not None and self.keep_amount is not None:
            raise ValueError("Cannot set both 'before' and 'keepAmount' properties")
        return self


Behavior = Annotated[Version | Key, Field(discriminator="type")]
"""What is deleted."""


class PurgeKVOutput(Output):
    """What `PurgeKV` gives to later tasks."""

    size: int | None = None
    """How many pairs were deleted."""


class PurgeKV(Task[PurgeKVOutput]):
    """Delete key-value pairs of many namespaces: by default those whose time is over."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Remove what has expired in a namespace and those below it",
            """\
id: purge_kv
namespace: company.team

tasks:
  - id: purge
    type: io.kestra.plugin.core.kv.PurgeKV
    namespaces: [company]
    keyPattern: "session_*"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.purge.size }} pairs are gone"
""",
        ),
    )

    key_pattern: Property[str] | None = None
    """Only keys that fit this pattern of `*` and `?`."""
    namespaces: Property[list[str]] | None = None
    """The namespaces; by default all that have flows."""
    namespace_pattern: Property[str] | None = None
    """Instead of `namespaces`: those that fit a pattern of `*` and `?`."""
    include_child_namespaces: Property[bool] = Property.of(True)
    """Whether namespaces below the named ones are meant, too."""
    behavior: Property[Behavior] = Property({"type": "key", "expiredOnly": True}, Behavior)
    """What is deleted."""
    expired_only: Property[bool] | None = Field(
        default=None, deprecated="write `behavior: {type: key, expiredOnly: …}`"
    )
    """The older word for `behavior.expiredOnly`; it wins over `behavior`."""

    def run(self, ctx: RunContext) -> PurgeKVOutput:
        """Delete the pairs.

        Raises:
            TaskError: both `namespaces` and `namespacePattern` are given.
        """
        chosen = chosen_namespaces(
            ctx, self.namespaces, self.namespace_pattern, self.include_child_namespaces
        )
        ctx.log("INFO", f"purging {len(chosen)} namespaces: [{', '.join(chosen)}]")
        pattern = ctx.render(self.key_pattern) or "*"
        expired, living = self._wanted(ctx)
        count = 0
        for namespace in chosen:
            store = ctx.kv(namespace)
            keys = [*store.keys(expired=True)] if expired else []
            keys += store.keys() if living else ()
            count += sum(store.delete(key) for key in keys if wildcard_matches(key, pattern))
        ctx.log("INFO", f"purged {count} keys")
        return PurgeKVOutput(size=count)

    def _wanted(self, ctx: RunContext) -> tuple[bool, bool]:
        """Return whether expired keys are to go, and whether living ones are."""
        expired_only = ctx.render(old_value(self, "expired_only"))
        if expired_only is not None:
            return True, not expired_only
        behavior = ctx.render(self.behavior)
        if isinstance(behavior, Key):
            return True, not behavior.expired_only
        everything = behavior.before is None and not behavior.keep_amount
        return everything, everything
