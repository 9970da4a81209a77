"""`Trigger`: objects that appear in a bucket start an execution.

What was seen already is kept in the namespace's key-value store. A poll that a crash interrupted is
made again for the same occasion; it then finds what the first one had found, so that no object is
lost even if it was deleted or moved by then.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from tiercel.plugin import (
    Duration,
    Example,
    NotFoundError,
    Output,
    PollingTrigger,
    Property,
    RunContext,
)
from tiercel_aws.s3.actions import Action, CopyObject, archive
from tiercel_aws.s3.download import fetch, unique_name
from tiercel_aws.s3.listing import Filter, Selection
from tiercel_aws.s3.objects import S3Object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["Trigger"]


class On(StrEnum):
    """What starts an execution: objects that are new, that have changed, or both."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    CREATE_OR_UPDATE = "CREATE_OR_UPDATE"


class TriggeredObject(S3Object):
    """An object that started the execution, with its stored file."""

    change_type: str
    """CREATE or UPDATE."""


class TriggerOutput(Output):
    """What an execution sees as `trigger`."""

    objects: list[TriggeredObject]
    """The objects, by key."""


class Trigger(Selection, PollingTrigger):
    """Start an execution when objects appear in a bucket.

    One execution gets all objects that were found at once, downloaded, as `trigger.objects`.
    """

    output_type: ClassVar[type[Output] | None] = TriggerOutput
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Work on every file that comes in, and move it out of the way",
            """\
id: watch_the_inbox
namespace: company.team

tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: "{{ trigger.objects | jq('.[].uri') }}"
    tasks:
      - id: size
        type: io.kestra.plugin.core.log.Log
        message: "{{ fileSize(taskrun.value) }} bytes"

triggers:
  - id: inbox
    type: io.kestra.plugin.aws.s3.Trigger
    accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
    secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
    region: eu-central-1
    interval: PT30S
    bucket: my-bucket
    prefix: inbox/
    action: MOVE
    moveTo:
      bucket: my-bucket
      key: archive
""",
        ),
    )

    filter: Property[Filter] = Property.of(Filter.BOTH)
    """Whether files, directories (keys that end with a slash) or both are meant."""
    max_files: Property[int] = Property.of(25)
    """How many objects an execution gets at most; the others start the next one."""
    action: Property[Action] = Property.of(Action.NONE)
    """What becomes of the objects afterwards: DELETE, MOVE (see `moveTo`) or NONE."""
    move_to: CopyObject | None = None
    """Where objects are moved: the bucket, and the folder as `key`."""
    on: Property[On] = Property.of(On.CREATE_OR_UPDATE)
    """Whether new objects, changed ones, or both start an execution."""
    state_key: Property[str] | None = None
    """The key in the namespace's key-value store of what was seen already."""
    state_ttl: Property[Duration] | None = None
    """How long objects count as seen; for ever by default."""

    def poll(self, ctx: RunContext) -> TriggerOutput | None:
        """Look for objects, download them, and do the action.

        Raises:
            TaskError: the bucket cannot be listed, or an object cannot be had, deleted or moved.
        """
        client, key = self.s3(ctx), self._state_key(ctx)
        # The folder of the execution that it may start: a repetition has the same, others have not.
        state, occasion = _read(ctx, key), ctx.storage.folder
        # A crash came between the last poll and the execution that it was to start.
        is_repeated = state.get("occasion") == occasion
        if is_repeated:
            objects = [TriggeredObject.model_validate(each) for each in state["found"]]
        else:
            seen, objects = self._look(ctx, client, state.get("seen", {}))
            found = [each.model_dump(mode="json") for each in objects]
            _write(ctx, key, {"seen": seen, "occasion": found and occasion, "found": found})
        if not objects:
            return None
        keys = [each.key for each in objects]
        if is_repeated:
            bucket = ctx.render(self.bucket)
            keys = [each for each in keys if _is_there(client, bucket, each)]
        archive(ctx, client, self, keys)
        return TriggerOutput(objects=objects)

    def _look(
        self, ctx: RunContext, client: S3Client, before: dict[str, Any]
    ) -> tuple[dict[str, Any], list[TriggeredObject]]:
        """Return what has been seen now, and what starts an execution, downloaded."""
        on, now, most = ctx.render(self.on), datetime.now(UTC), ctx.render(self.max_files)
        ttl, asked = ctx.render(self.state_ttl), self.asking(ctx)
        before = {key: entry for key, entry in before.items() if not _is_old(entry, now, ttl)}
        listed = list(self.find(ctx, client, ctx.render(self.filter)))
        seen: dict[str, Any] = {}
        objects: list[TriggeredObject] = []
        for each in listed:
            known = before.get(each.key)
            version = each.etag or str(each.last_modified)
            if known is not None and known[0] == version:
                seen[each.key] = known
                continue
            change = "CREATE" if known is None else "UPDATE"
            if on in (On.CREATE_OR_UPDATE, change):
                if len(objects) == most:
                    if known is not None:
                        seen[each.key] = known
                    continue  # for the next poll
                objects.append(self._fetched(ctx, client, each, change, asked))
            seen[each.key] = [version, now.isoformat()]
        if ctx.render(self.action) is not Action.NONE:
            # They go; whatever comes under the same key then is new.
            for each in objects:
                seen.pop(each.key, None)
        return seen, objects

    def _fetched(
        self,
        ctx: RunContext,
        client: S3Client,
        listed: S3Object,
        change: str,
        asked: dict[str, Any],
    ) -> TriggeredObject:
        described = {**dict(listed), "change_type": change}
        if not listed.key.endswith("/"):
            name = unique_name(listed.key)
            described["uri"] = fetch(ctx, client, name, {**asked, "Key": listed.key}).uri
        return TriggeredObject(**described)

    def _state_key(self, ctx: RunContext) -> str:
        return ctx.render(self.state_key) or f"s3_{ctx.variables['flow']['id']}_{self.id}"


def _read(ctx: RunContext, key: str) -> dict[str, Any]:
    try:
        held = ctx.kv().get(key)
    except NotFoundError:
        return {}
    return held if isinstance(held, dict) else {}


def _write(ctx: RunContext, key: str, state: dict[str, Any]) -> None:
    if state != _read(ctx, key):
        ctx.kv().set(key, state)


def _is_there(client: S3Client, bucket: str, key: str) -> bool:
    first = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", ())
    return any(each["Key"] == key for each in first)


def _is_old(entry: Any, now: datetime, ttl: timedelta | None) -> bool:
    return ttl is not None and datetime.fromisoformat(entry[1]) + ttl <= now
