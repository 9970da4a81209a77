"""`Trigger` on a real S3 server on loopback: what starts an execution, and what it sees."""

from __future__ import annotations

import threading

import pytest

from tiercel import Registry, Tiercel
from tiercel.plugin import Output, RunContext, Task
from tiercel.testing import run_task

pytestmark = pytest.mark.service

FLOW = """
id: watched
namespace: company.team
tasks:
  - id: keys
    type: io.kestra.plugin.core.debug.Return
    format: "{{{{ trigger.objects | jq('.[].key') }}}}"
triggers:
  - id: inbox
    type: io.kestra.plugin.aws.s3.Trigger
    bucket: {bucket}
    interval: PT1S
    {options}
"""


class Watch:
    """An engine that watches a bucket; `next` gives what the next execution sees."""

    def __init__(self, tiercel: Tiercel, bucket: str) -> None:
        self.tiercel = tiercel
        self.bucket = bucket
        self._known: set[str] = set()

    def start(self, options: str = "") -> None:
        text = FLOW.format(bucket=self.bucket, options=options)
        self.tiercel.save_flow(self.tiercel.load_flow(text))
        self.tiercel.triggers.start()

    def next(self):
        """Wait for an execution and its end; return the objects that it was given."""
        for _ in range(400):
            new = [each.id for each in self.tiercel.executions() if each.id not in self._known]
            if new:
                self._known.add(new[0])
                execution = self.tiercel.wait(new[0], 20)
                assert execution.state == "SUCCESS"
                return execution.trigger["variables"]["objects"]
            threading.Event().wait(0.05)
        raise AssertionError("No execution was started")

    def polls(self, count: int) -> None:
        """Wait until it has looked that many times more."""
        seen = set()
        for _ in range(400):
            (record,) = self.tiercel.repository.triggers("main", "company.team")
            seen.add(record.next_date)
            if len(seen) > count:
                return
            threading.Event().wait(0.05)
        raise AssertionError("It does not look")

    @property
    def started(self) -> int:
        return len(self.tiercel.executions())


@pytest.fixture
def watch(s3, bucket):
    with Tiercel() as tiercel:
        yield Watch(tiercel, bucket)


def put(s3, bucket, **contents):
    for name, content in contents.items():
        s3.put_object(Bucket=bucket, Key=name.replace("__", "/"), Body=content.encode())


def test_objects_start_an_execution_that_gets_their_files(watch, s3, bucket):
    put(s3, bucket, inbox__a="one", inbox__b="three", other="x")
    watch.start("prefix: inbox/")
    first, second = watch.next()
    assert (first["key"], first["size"], first["changeType"]) == ("inbox/a", 3, "CREATE")
    with watch.tiercel.files.open(second["uri"]) as file:
        assert file.read() == b"three"


def test_an_object_starts_one_execution_until_it_changes(watch, s3, bucket):
    put(s3, bucket, a="one")
    watch.start()
    assert [each["key"] for each in watch.next()] == ["a"]
    watch.polls(3)
    assert watch.started == 1
    put(s3, bucket, a="two", b="new")
    assert {each["key"]: each["changeType"] for each in watch.next()} == {
        "a": "UPDATE",
        "b": "CREATE",
    }


@pytest.mark.parametrize(("on", "keys"), [("CREATE", ["new"]), ("UPDATE", ["old"])])
def test_only_new_or_only_changed_objects_start_executions(watch, s3, bucket, on, keys):
    put(s3, bucket, old="1")
    watch.start(f"on: {on}")
    if on == "CREATE":
        watch.next()
    watch.polls(2)
    put(s3, bucket, old="2", new="1")
    assert [each["key"] for each in watch.next()] == keys


def test_objects_are_deleted_and_may_come_again(watch, s3, bucket, keys):
    put(s3, bucket, a="one")
    watch.start("action: DELETE")
    watch.next()
    assert keys(bucket) == []
    put(s3, bucket, a="one")
    assert [each["changeType"] for each in watch.next()] == ["CREATE"]


def test_objects_are_moved(watch, s3, bucket, keys):
    put(s3, bucket, inbox__a="one")
    watch.start("prefix: inbox/\n    action: MOVE\n    moveTo: {key: done}")
    watch.next()
    assert keys(bucket) == ["done/a"]


def test_more_objects_than_an_execution_gets_start_further_ones(watch, s3, bucket):
    put(s3, bucket, a="1", b="2", c="3")
    watch.start("maxFiles: 2")
    assert [each["key"] for each in watch.next()] == ["a", "b"]
    assert [each["key"] for each in watch.next()] == ["c"]


def test_objects_that_were_seen_long_ago_are_new_again(watch, s3, bucket):
    put(s3, bucket, a="1")
    watch.start("stateTtl: PT0.5S\n    stateKey: mine")
    watch.next()
    assert [each["changeType"] for each in watch.next()] == ["CREATE"]
    assert "a" in watch.tiercel.services.kv_store("company.team").get("mine")["seen"]


@pytest.mark.parametrize("action", ["NONE", "DELETE"])
def test_a_poll_that_is_repeated_after_a_crash_finds_the_same_objects(s3, bucket, action):
    kind = "io.kestra.plugin.aws.s3.Trigger"
    trigger = (
        Registry()
        .load("trigger", kind)
        .model_validate({"id": "inbox", "type": kind, "bucket": bucket, "action": action})
    )

    class Poll(Task[Output]):
        def run(self, ctx: RunContext) -> Output | None:
            return trigger.poll(ctx)

    put(s3, bucket, a="one")
    first = run_task(Poll(id="poll", type="poll"))
    state = {"s3_test_flow_inbox": first.kv().get("s3_test_flow_inbox")}
    # Every task of `run_task` has the same ids, as a repeated poll has.
    again = run_task(Poll(id="poll", type="poll"), kv=state)
    assert [each["key"] for each in again.outputs["objects"]] == ["a"]
    assert again.outputs == first.outputs
