"""`Trigger`: objects that appear in a bucket start an execution.

What was seen already is kept in the namespace's key-value store. A poll that a crash interrupted is
made again for the same occasion; it then finds what the first one had found, so that no object is
lost even if it was deleted or moved by then.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from tiercel_gcp.connection import told
from tiercel_gcp.gcs.client import ObjectUri
from tiercel_gcp.gcs.download import fetch
from tiercel_gcp.gcs.listing import Blob, Filter, Listed
from tiercel_gcp.gcs.many import Action, archive, unique_name

if TYPE_CHECKING:
    from google.cloud.storage import Client

__all__ = ["Trigger"]


class On(StrEnum):
    """What starts an execution: objects that are new, that have changed, or both."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    CREATE_OR_UPDATE = "CREATE_OR_UPDATE"


class TriggeredBlob(Blob):
    """An object that started the execution; `uri` is its stored file."""

    change_type: str
    """CREATE or UPDATE."""


class TriggerOutput(Output):
    """What an execution sees as `trigger`."""

    blobs: list[TriggeredBlob]
    """The objects, by name."""


class Trigger(Listed, PollingTrigger):
    """Start an execution when objects appear in a bucket.

    One execution gets all objects that were found at once, downloaded, as `trigger.blobs`.
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
    values: "{{ trigger.blobs | jq('.[].uri') }}"
    tasks:
      - id: size
        type: io.kestra.plugin.core.log.Log
        message: "{{ fileSize(taskrun.value) }} bytes"

triggers:
  - id: inbox
    type: io.kestra.plugin.gcp.gcs.Trigger
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    interval: PT30S
    from: gs://my-bucket/inbox/
    action: MOVE
    moveDirectory: gs://my-bucket/archive/
""",
        ),
    )

    action: Property[Action] = Property.of(Action.NONE)
    """What becomes of the objects afterwards: DELETE, MOVE (see `moveDirectory`) or NONE."""
    move_directory: Property[str] | None = None
    """Where objects are moved: `gs://bucket/path`."""
    max_files: Property[int] = Property.of(25)
    """How many objects an execution gets at most; the others start the next one."""
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
        client, key = self.gcs(ctx), self._state_key(ctx)
        state, occasion = _read(ctx, key), ctx.storage.folder
        # A crash came between the last poll and the execution that it was to start.
        is_repeated = state.get("occasion") == occasion
        if is_repeated:
            blobs = [TriggeredBlob.model_validate(each) for each in state["found"]]
        else:
            seen, blobs = self._look(ctx, client, state.get("seen", {}))
            found = [each.model_dump(mode="json", by_alias=True) for each in blobs]
            _write(ctx, key, {"seen": seen, "occasion": found and occasion, "found": found})
        if not blobs:
            return None
        there = [each for each in blobs if _is_there(client, each)] if is_repeated else blobs
        archive(ctx, client, self, there)
        return TriggerOutput(blobs=blobs)

    def _look(
        self, ctx: RunContext, client: Client, before: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[TriggeredBlob]]:
        """Return what has been seen now, and what starts an execution, downloaded."""
        on, now, most = ctx.render(self.on), datetime.now(UTC), ctx.render(self.max_files)
        ttl = ctx.render(self.state_ttl)
        seen: dict[str, Any] = {}
        fetched: list[TriggeredBlob] = []
        with told(f"Cannot list {ObjectUri.parse(ctx.render(self.from_))}"):
            listed = list(self.find(ctx, client, Filter.FILES))
        for blob in listed:
            known = before.get(blob.uri)
            if known is not None and _is_old(known, now, ttl):
                known = None
            version = blob.etag or str(blob.update_time)
            if known is not None and known[0] == version:
                seen[blob.uri] = known
                continue
            change = "CREATE" if known is None else "UPDATE"
            if on in (On.CREATE_OR_UPDATE, change):
                if len(fetched) == most:
                    if known is not None:
                        seen[blob.uri] = known
                    continue  # for the next poll
                fetched.append(_fetched(ctx, client, blob, change))
            seen[blob.uri] = [version, now.isoformat()]
        if ctx.render(self.action) is not Action.NONE:
            # They go; whatever comes under the same name then is new.
            for each in fetched:
                seen.pop(str(ObjectUri(each.bucket, each.name)), None)
        return seen, fetched

    def _state_key(self, ctx: RunContext) -> str:
        return ctx.render(self.state_key) or f"gcs_{ctx.variables['flow']['id']}_{self.id}"


def _fetched(ctx: RunContext, client: Client, blob: Blob, change: str) -> TriggeredBlob:
    uri = fetch(ctx, client, ObjectUri(blob.bucket, blob.name), unique_name(blob))
    return TriggeredBlob(**{**dict(blob), "uri": uri, "change_type": change})


def _read(ctx: RunContext, key: str) -> dict[str, Any]:
    try:
        held = ctx.kv().get(key)
    except NotFoundError:
        return {}
    return held if isinstance(held, dict) else {}


def _write(ctx: RunContext, key: str, state: dict[str, Any]) -> None:
    if state != _read(ctx, key):
        ctx.kv().set(key, state)


def _is_there(client: Client, blob: Blob) -> bool:
    with told(f"Cannot look at {ObjectUri(blob.bucket, blob.name)}"):
        return bool(client.bucket(blob.bucket).blob(blob.name).exists())


def _is_old(entry: Any, now: datetime, ttl: timedelta | None) -> bool:
    return ttl is not None and datetime.fromisoformat(entry[1]) + ttl <= now
