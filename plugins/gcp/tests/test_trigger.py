"""`Trigger` against a server on loopback: what starts an execution, and what it sees."""

from __future__ import annotations

import threading

import pytest

from tiercel import Registry, Tiercel
from tiercel.plugin import Output, RunContext, Task
from tiercel.testing import run_task

# The server may have to be built first.
pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]

FLOW = """
id: watched
namespace: company.team
tasks:
  - id: keys
    type: io.kestra.plugin.core.debug.Return
    format: "{{{{ trigger.blobs | jq('.[].name') }}}}"
triggers:
  - id: inbox
    type: io.kestra.plugin.gcp.gcs.Trigger
    from: gs://{bucket}/{path}
    interval: PT1S
    {options}
"""


class Watch:
    """An engine that watches a bucket; `next` gives what the next execution sees."""

    def __init__(self, tiercel: Tiercel, bucket: str) -> None:
        self.tiercel = tiercel
        self.bucket = bucket
        self._known: set[str] = set()

    def start(self, options: str = "", path: str = "") -> None:
        text = FLOW.format(bucket=self.bucket, options=options, path=path)
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
                return execution.trigger["variables"]["blobs"]
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
def watch(gcs, bucket):
    with Tiercel() as tiercel:
        yield Watch(tiercel, bucket)


@pytest.fixture
def put(gcs, bucket):
    def write(**contents):
        for name, content in contents.items():
            gcs.bucket(bucket).blob(name.replace("__", "/")).upload_from_string(content.encode())

    return write


def test_objects_start_an_execution_that_gets_their_files(watch, put):
    put(inbox__a="one", inbox__b="three", other="x")
    watch.start(path="inbox/")
    first, second = watch.next()
    assert (first["name"], first["size"], first["changeType"]) == ("inbox/a", 3, "CREATE")
    with watch.tiercel.files.open(second["uri"]) as file:
        assert file.read() == b"three"


def test_an_object_starts_one_execution_until_it_changes(watch, put):
    put(a="one")
    watch.start()
    assert [each["name"] for each in watch.next()] == ["a"]
    watch.polls(3)
    assert watch.started == 1
    put(a="two", b="new")
    assert {each["name"]: each["changeType"] for each in watch.next()} == {
        "a": "UPDATE",
        "b": "CREATE",
    }


@pytest.mark.parametrize(("on", "found"), [("CREATE", ["new"]), ("UPDATE", ["old"])])
def test_only_new_or_only_changed_objects_start_executions(watch, put, on, found):
    put(old="1")
    watch.start(f"on: {on}")
    if on == "CREATE":
        watch.next()
    watch.polls(2)
    put(old="22", new="1")
    assert [each["name"] for each in watch.next()] == found


def test_objects_are_deleted_and_may_come_again(watch, put, names):
    put(a="one")
    watch.start("action: DELETE")
    watch.next()
    assert names(watch.bucket) == []
    put(a="one")
    assert [each["changeType"] for each in watch.next()] == ["CREATE"]


def test_objects_are_moved(watch, put, names):
    put(**{"inbox__a b+c": "one"})
    watch.start(f"action: MOVE\n    moveDirectory: gs://{watch.bucket}/done", path="inbox/")
    watch.next()
    assert names(watch.bucket) == ["done/a b+c"]


def test_more_objects_than_an_execution_gets_start_further_ones(watch, put):
    put(a="1", b="2", c="3")
    watch.start("maxFiles: 2")
    assert [each["name"] for each in watch.next()] == ["a", "b"]
    assert [each["name"] for each in watch.next()] == ["c"]


def test_objects_that_were_seen_long_ago_are_new_again(watch, put):
    put(a="1")
    watch.start("stateTtl: PT0.5S\n    stateKey: mine")
    watch.next()
    assert [each["changeType"] for each in watch.next()] == ["CREATE"]
    (seen,) = watch.tiercel.services.kv_store("company.team").get("mine")["seen"]
    assert seen == f"gs://{watch.bucket}/a"


@pytest.mark.parametrize("action", ["NONE", "DELETE"])
def test_a_poll_that_is_repeated_after_a_crash_finds_the_same_objects(put, bucket, action):
    kind = "io.kestra.plugin.gcp.gcs.Trigger"
    trigger = (
        Registry()
        .load("trigger", kind)
        .model_validate({"id": "inbox", "type": kind, "from": f"gs://{bucket}/", "action": action})
    )

    class Poll(Task[Output]):
        def run(self, ctx: RunContext) -> Output | None:
            return trigger.poll(ctx)

    put(a="one")
    first = run_task(Poll(id="poll", type="poll"))
    state = {"gcs_test_flow_inbox": first.kv().get("gcs_test_flow_inbox")}
    # Every task of `run_task` has the same ids, as a repeated poll has.
    again = run_task(Poll(id="poll", type="poll"), kv=state)
    assert [each["name"] for each in again.outputs["blobs"]] == ["a"]
    assert again.outputs == first.outputs
