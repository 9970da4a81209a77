"""An execution of another flow for each batch of a file's lines.

The task runs three others, which flows refer to by their ids: `{id}_split` cuts the file,
`{id}_items` runs the executions, `{id}_merge` puts their outputs together. However many batches
there are, only the executions under way are held in memory. Source: Kestra's `ForEachItem`; golden
area `flows/foreachitem`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    Decision,
    Dynamic,
    Evaluate,
    Example,
    Finish,
    FlowableTask,
    FlowableView,
    Lane,
    Open,
    Output,
    Property,
    RunContext,
    RunFlow,
    SplitOptions,
    State,
    Task,
    TaskBase,
    TaskError,
    TaskOrder,
    Text,
    Wait,
    ion,
)
from tiercel_flow.lanes import one_lane
from tiercel_flow.subflow import RestartBehavior, date_of, labels_of

__all__ = ["Batch", "ForEachItem"]

_TYPE = "io.kestra.plugin.core.flow.ForEachItem"
_UNDER_WAY = 1000
"""How many executions are under way at once, at most; more of them would only wait in memory."""
_AT_ONCE = 1000
"""How many batches are looked up at once."""


class Batch(SplitOptions):
    """How the file is cut: the first of `regexPattern`, `bytes`, `partitions` and `rows` counts."""

    rows: Property[int] | None = Property.of(1)
    """Begin a new batch after this many lines."""


class ForEachItem(FlowableTask):
    """Run another flow once for each batch of the lines of a file.

    A batch is a stored file, `taskrun.items` in `inputs`; its number, from 1, is
    `taskrun.iteration`. `outputs.task_id_merge.subflowOutputs` is a file with the outputs of the
    executions, one a line.
    """

    runs_flow: ClassVar[bool] = True
    task_order: ClassVar[TaskOrder | None] = "sequence"
    extra_variables: ClassVar[Mapping[str, str]] = {
        "taskrun.items": "The batch: the URI of a stored file.",
        "taskrun.iteration": "The number of the batch, from 1.",
    }
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Two rows at a time",
            """
            id: for_each_item
            namespace: company.team

            tasks:
              - id: rows
                type: io.kestra.plugin.core.storage.Write
                content: "Ada\\nAlan\\nGrace\\n"
              - id: each
                type: io.kestra.plugin.core.flow.ForEachItem
                items: "{{ outputs.rows.uri }}"
                batch:
                  rows: 2
                namespace: company.team
                flowId: greet_people
                inputs:
                  people: "{{ taskrun.items }}"
            """,
        ),
    )

    items: Annotated[Text, Field(min_length=1), Dynamic]
    """The stored file: an expression that gives its URI."""
    batch: Batch = Batch()
    """How to cut it."""
    namespace: Annotated[Text, Field(min_length=1), Dynamic]
    """The other flow's namespace."""
    flow_id: Annotated[Text, Field(min_length=1), Dynamic]
    """The other flow."""
    revision: int | None = None
    """Its revision; the newest one by default."""
    inputs: Annotated[dict[str, Any], Dynamic] | None = None
    """Values for its inputs; text in them may hold expressions."""
    labels: Annotated[list[Any] | dict[str, Any], Dynamic] | None = None
    """Labels of the executions, as a map or as a list of `key` and `value`."""
    inherit_labels: bool = False
    """Whether they get this execution's labels, too."""
    wait: bool = True
    """Whether to wait for their end."""
    transmit_failed: bool = True
    """Whether a failure of one of them is the task's."""
    schedule_date: Property[datetime] | None = None
    """When they begin; at once by default."""
    restart_behavior: RestartBehavior = RestartBehavior.RETRY_FAILED
    """What a restart of this flow does about executions that failed."""

    def next(self, view: FlowableView) -> Decision:
        """Run the three tasks one after the other."""
        return one_lane(view, self.children())

    def children(self) -> tuple[TaskBase, ...]:
        """Return the three tasks that it runs."""
        return (
            _Split.model_construct(
                id=f"{self.id}_split", type=f"{_TYPE}$ForEachItemSplit", each=self
            ),
            _Items.model_construct(
                id=f"{self.id}_items", type=f"{_TYPE}$ForEachItemExecutable", each=self
            ),
            _Merge.model_construct(
                id=f"{self.id}_merge", type=f"{_TYPE}$ForEachItemMergeOutputs", each=self
            ),
        )


# The first task


class SplitFiles(Output):
    """What `{id}_split` gives to later tasks."""

    splits: str
    """A stored file with the URIs of the batches, one a line."""


class _Split(Task[SplitFiles]):
    """Cut the file."""

    each: ForEachItem

    def run(self, ctx: RunContext) -> SplitFiles:
        """Write the batches, and the list of them."""
        uri = ctx.render_text(self.each.items)
        if not uri.startswith("kestra://"):
            raise TaskError(
                f"Unable to split the items from {uri}, this is not an internal storage URI!",
                retryable=False,
            )
        with ctx.storage.create("splits.txt") as writer:
            for batch in self.each.batch.split(ctx, uri):
                writer.write(f"{batch}\n".encode())
        return SplitFiles(splits=writer.uri)


# The second task


class Batches(Output):
    """Some batches, looked up in the list."""

    uris: list[str]
    first: int
    """How many there are before these."""
    offset: int
    """Where the next ones begin in the list, in bytes."""
    total: int
    """How many there are in all."""
    folder: str
    """Where files of this task run are."""


class _LookUp(Task[Batches]):
    """Look up the next batches."""

    each: ForEachItem
    first: int
    offset: int
    total: int

    def run(self, ctx: RunContext) -> Batches:
        """Read a part of the list; the first time also count the whole."""
        uri = _outputs_of(ctx, f"{self.each.id}_split")["splits"]
        uris: list[str] = []
        size, total = 0, 0
        with ctx.storage.open(uri, self.offset) as lines:
            for line in lines:
                if len(uris) < _AT_ONCE:
                    uris.append(line.decode().rstrip("\n"))
                    size += len(line)
                elif self.offset:
                    break
                total += 1
        total = self.total if self.offset else total
        return Batches(
            uris=uris,
            first=self.first,
            offset=self.offset + size,
            total=total,
            folder=ctx.storage.folder,
        )


class _Items(FlowableTask):
    """Begin an execution for each batch."""

    begins_with_child: ClassVar[bool] = True
    runs_flow: ClassVar[bool] = True

    each: ForEachItem

    def next(self, view: FlowableView) -> Decision:
        """Begin as many executions as may be under way, and wait for the end of all."""
        if view.active:
            return Wait()
        batches = view.values.get("batches")
        if view.worst.is_failed or view.refused is not None:
            return Finish(State.FAILED)
        if batches is None:
            return self._look_up(0, 0, 0)
        begun = len(view.children) + sum(view.tally.values())
        if begun == batches["total"]:
            return Wait() if view.children else self._end(view, batches)
        if len(view.children) == _UNDER_WAY:
            return Wait()
        index = begun - batches["first"]
        if index == len(batches["uris"]):
            return self._look_up(begun, batches["offset"], batches["total"])
        return self._begin(view, begun + 1, batches["uris"][index])

    def children(self) -> tuple[TaskBase, ...]:
        """Return nothing: what it runs are another flow's tasks."""
        return ()

    def _look_up(self, first: int, offset: int, total: int) -> Open:
        step = _LookUp.model_construct(
            id=self.id, type=self.type, each=self.each, first=first, offset=offset, total=total
        )
        return Open((Lane("batches", (step,), hidden=True),))

    def _begin(self, view: FlowableView, iteration: int, uri: str) -> Decision:
        each = self.each
        answer = view.values.get("request")
        if answer is None or answer["iteration"] != iteration:
            questions = {
                "iteration": iteration,
                "namespace": each.namespace,
                "flowId": each.flow_id,
                "inputs": each.inputs or {},
                "labels": each.labels or {},
                "scheduleDate": each.schedule_date.raw if each.schedule_date else None,
            }
            seen = {"items": uri, "iteration": iteration}
            return Evaluate(questions, "request", taskrun=seen, passed=("inputs",))
        return RunFlow(
            str(iteration),
            str(answer["namespace"]),
            str(answer["flowId"]),
            each.revision,
            answer["inputs"],
            labels_of(answer["labels"]),
            each.inherit_labels,
            iteration=iteration,
            counted=True,
            wait=each.wait,
            retry_failed=each.restart_behavior is RestartBehavior.RETRY_FAILED,
            schedule_date=date_of(answer.get("scheduleDate")),
        )

    def _end(self, view: FlowableView, batches: Mapping[str, Any]) -> Finish:
        tally = {str(state): count for state, count in view.tally.items()}
        begun = {"CREATED": 0, "RUNNING": 0} if self.each.wait else {"RUNNING": 0}
        outputs = {
            "iterations": {**begun, **tally},
            "numberOfBatches": batches["total"],
            "subflowOutputsBaseUri": f"/{batches['folder']}",
        }
        return Finish(self._state(view), outputs)

    def _state(self, view: FlowableView) -> State:
        if self.each.transmit_failed:
            for state in (State.FAILED, State.KILLED, State.CANCELLED, State.WARNING):
                if view.tally.get(state):
                    return State.KILLED if state is State.CANCELLED else state
        return State.SUCCESS


# The third task


class MergedOutputs(Output):
    """What `{id}_merge` gives to later tasks."""

    subflow_outputs: str | None = None
    """A stored file with the outputs of the executions, one a line, in the order of batches."""


class _Merge(Task[MergedOutputs]):
    """Put the outputs of the executions together."""

    each: ForEachItem

    def run(self, ctx: RunContext) -> MergedOutputs:
        """Write one file, unless the flow has no outputs."""
        if not self.each.wait:
            return MergedOutputs()
        folder = _outputs_of(ctx, f"{self.each.id}_items")["subflowOutputsBaseUri"]
        outputs = ctx.executions.outputs_of_children(
            ctx.variables["execution"]["id"], folder.rpartition("/")[2]
        )
        with ctx.storage.create("outputs.ion") as writer:
            count = ion.dump_lines(outputs, writer)
            if not count:
                writer.abort()
        return MergedOutputs(subflow_outputs=writer.uri if count else None)


def _outputs_of(ctx: RunContext, task_id: str) -> Mapping[str, Any]:
    """Return the outputs of a task next to this one, which are by value for each loop around."""
    outputs = ctx.variables["outputs"][task_id]
    for parent in reversed(ctx.variables.get("parents", ())):
        if "taskrun" in parent:
            outputs = outputs[parent["taskrun"]["value"]]
    return outputs  # type: ignore[no-any-return]  # variables are plain data
