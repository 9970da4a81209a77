"""What a task's author subclasses: `Task` for work, `FlowableTask` for control flow."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Container, Coroutine, Mapping, Sequence
from dataclasses import field
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tiercel._record import record
from tiercel.model.execution import State
from tiercel.model.task import AnyTask, TaskBase

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.model.input_base import InputBase
    from tiercel.plugin.context import RunContext

__all__ = [
    "Child",
    "Decision",
    "Evaluate",
    "Example",
    "ExecutionTask",
    "Finish",
    "FlowableTask",
    "FlowableView",
    "Lane",
    "MetricInfo",
    "Mirrors",
    "Open",
    "Output",
    "Pause",
    "RunFlow",
    "Task",
    "TaskOrder",
    "Update",
    "Wait",
    "output_class",
]


class Output(BaseModel):
    """What a task produces; fields are snake_case here and camelCase to the flow.

    A task without outputs returns `Output()`, or declares `Task[Output]` and returns None.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        defer_build=True,
    )

    def state(self) -> State | None:
        """Return the state the task run ends in, or None for SUCCESS (WARNING, say)."""
        return None


OutputT = TypeVar("OutputT", bound=Output, covariant=True)


@record
class Mirrors:
    """Says that an output has what the author wrote in a property, for checks and editors.

    `values: Annotated[dict[str, Any], Mirrors("values")]`: the members of the property's map, one
    for each input of its list of inputs, or one for each name in its list of file names.

    Attributes:
        property: the property, as flows write it.
    """

    property: str


@record
class Example:
    """A piece of YAML for the docs: a whole flow when `full`, otherwise one task's properties."""

    title: str
    code: str
    full: bool = True


@record
class MetricInfo:
    """A metric that a task reports, for the docs."""

    name: str
    kind: str
    description: str = ""


class Task(TaskBase, Generic[OutputT]):
    """A task that does something: subclass it, declare properties as fields, write `run`.

    Class attributes that say more about the type:
        title: one line; the docstring's first line by default.
        examples: shown in docs and offered by editors.
        metrics: what `ctx.metric` is called with.
        aliases come with the registration, not here.
    """

    examples: ClassVar[tuple[Example, ...]] = ()
    metrics: ClassVar[tuple[MetricInfo, ...]] = ()
    deprecated: ClassVar[str | None] = None

    def __class_getitem__(cls, outputs: Any) -> Any:
        """Return what `Task[Outputs]` is: the task with a note of its outputs, which is no class.

        pydantic would make a model of its own for each, which takes as long as the task itself.
        """
        if isinstance(outputs, TypeVar):
            return super().__class_getitem__(outputs)
        return GenericAlias(cls, outputs)

    @abstractmethod
    def run(self, ctx: RunContext) -> OutputT | Coroutine[Any, Any, OutputT] | None:
        """Do the work; may be `async`. Raise to fail, `TaskError(retryable=False)` for good.

        It may be called again for the same task run: after a crash, or by `retry`.
        """


@record
class Lane:
    """Tasks that run one after the other under a flowable task.

    Attributes:
        key: names the lane among its siblings; a string or an index.
        tasks: what runs, in order.
        value: the loop value that the tasks see as `taskrun.value`.
        iteration: the loop index that they see as `taskrun.iteration`.
        hidden: whether its tasks work in the flowable's own name: nobody sees task runs of theirs,
            expressions see what the flowable sees, and the last one's outputs come back in
            `view.values`, under the lane's key.
    """

    key: str | int
    tasks: tuple[TaskBase, ...]
    value: str | None = None
    iteration: int | None = None
    hidden: bool = False


@record
class Open:
    """Begin these lanes now.

    Attributes:
        lanes: at least one.
        outputs: what the tasks in them can see already as this task's outputs.
    """

    lanes: tuple[Lane, ...]
    outputs: Mapping[str, Any] | None = None


@record
class Wait:
    """Nothing to do until another lane ends, or until `until` when it is given."""

    until: datetime | None = None


@record
class Pause:
    """Hold the whole execution until someone resumes it, or until `until` passes.

    Attributes:
        until: when to be asked again, with `view.due`; None to wait for a person.
        outputs: what other tasks can see meanwhile as this task's outputs.
    """

    until: datetime | None = None
    outputs: Mapping[str, Any] | None = None


@record
class Evaluate:
    """Have expressions rendered; the answer is in `view.values` when `next` is called again.

    Attributes:
        expressions: name → what the author wrote (text, list or mapping).
        key: tells one question of the same task from another; the answer is kept by this key.
        outputs: what the expressions, and other tasks, can see as this task's outputs.
        taskrun: what the expressions see as `taskrun`, beside what is there anyway.
        passed: names of expressions whose values it only passes on, as `RunFlow.inputs`: a text in
            them that holds a secret is given encrypted.
        child: the key of an execution that it began, and that has ended: the expressions see what
            that one's own do.
    """

    expressions: Mapping[str, Any]
    key: str = ""
    outputs: Mapping[str, Any] | None = None
    taskrun: Mapping[str, Any] = field(default_factory=dict)
    passed: Sequence[str] = ()
    child: str = ""


@record
class RunFlow:
    """Begin an execution of another flow; `view.children` tells what becomes of it.

    The flowable is asked again at once, to begin another one or to wait.

    Attributes:
        key: tells one execution of the same task from another.
        namespace: the flow's namespace.
        flow_id: the flow.
        revision: its revision; None for the newest.
        inputs: values by input id.
        labels: labels of the new execution, beside the flow's own.
        inherit_labels: whether it gets this execution's labels, too.
        iteration: which of many it is; its `trigger.taskRunIteration`.
        counted: whether it is one of many that are only counted: once it is over (or, unless
            `wait`, once it began), `view.tally` has its state, and `view.children` has it no more.
        wait: whether a counted one is waited for.
        retry_failed: whether, once this execution is restarted, the one begun before goes on: it
            is restarted, too, if it failed, and stands as it is if it did not.
        schedule_date: when it begins, with its zone; at once without it.
    """

    key: str
    namespace: str
    flow_id: str
    revision: int | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    inherit_labels: bool = False
    iteration: int | None = None
    counted: bool = False
    wait: bool = True
    retry_failed: bool = False
    schedule_date: datetime | None = None


TaskOrder = Literal["sequence", "parallel", "choice", "values", "rounds"]
"""How the tasks of a flowable run; see `FlowableTask.task_order`."""


@record
class Child:
    """An execution that a flowable began.

    Attributes:
        execution_id: its id.
        state: CREATED until it ends, then the state it ended in; None until it is known to exist.
        outputs: its outputs, once it ended.
        error: why it could not begin; None otherwise.
        outputs_error: why it failed, if that was because its outputs could not be rendered.
        counted: as `RunFlow` has it.
        wait: likewise.
        earlier: those begun for the same purpose before a restart, the newest first; it may turn
            out to be one of them.
    """

    execution_id: str
    state: State | None = None
    outputs: Mapping[str, Any] | None = None
    error: str | None = None
    outputs_error: str | None = None
    counted: bool = False
    wait: bool = True
    earlier: tuple[str, ...] = ()


@record
class Finish:
    """The flowable is done.

    Attributes:
        state: how; SUCCESS, WARNING, FAILED, CANCELLED or KILLED.
        outputs: what the flowable's task run gives to later tasks.
        error: why it failed, for its log.
        level: the level of that log line.
        through: a state that the task run passes through on its way.

    Task runs that are running are waited for, but no lane begins another one.
    """

    state: State
    outputs: Mapping[str, Any] | None = None
    error: str | None = None
    level: str = "ERROR"
    through: State | None = None


Decision = Open | Wait | Pause | Evaluate | RunFlow | Finish


@record
class FlowableView:
    """What `FlowableTask.next` may look at: frozen, and the same in every replay.

    Attributes:
        at: the time of the event being handled.
        execution_id: the execution, for messages.
        flow: the flow's namespace and id, for messages.
        values: answers to `Evaluate`, by key.
        opened: how many lanes were opened so far.
        active: how many of them have not ended.
        worst: the most serious state that an ended lane had (SUCCESS when none has ended).
        lanes: ended lanes by key, with the state each ended in.
        open_lanes: keys of the lanes that have not ended.
        began: when the flowable began.
        children: executions that were begun, by key.
        tally: how many of the counted ones are over, by state.
        refused: why one of the counted ones could not begin; None otherwise.
        due: whether the time of the last `Wait(until)` or `Pause(until)` has come.
        resumed: what a paused task was resumed with (`inputs`, `state`); None when it was not.
        outputs: the task run's outputs so far; when it was restarted, those it had before.
    """

    at: datetime
    execution_id: str
    flow: str
    values: Mapping[str, Mapping[str, Any]]
    opened: int
    active: int
    worst: State
    lanes: Mapping[str | int, State]
    open_lanes: Container[str | int]
    began: datetime
    children: Mapping[str, Child]
    tally: Mapping[State, int] = field(default_factory=dict)
    refused: str | None = None
    due: bool = False
    resumed: Mapping[str, Any] | None = None
    outputs: Mapping[str, Any] | None = None


class FlowableTask(TaskBase):
    """A task that decides which other tasks run: subclass it and write `next`.

    `next` must be pure: no I/O, no clock, no randomness; everything it may know is in the view.
    `errors` and `finally` are handled by the engine, the same for every flowable.
    """

    examples: ClassVar[tuple[Example, ...]] = ()
    metrics: ClassVar[tuple[MetricInfo, ...]] = ()
    deprecated: ClassVar[str | None] = None
    output_type: ClassVar[type[Output]] = Output
    """What its outputs look like, for docs and checks."""
    runnable: ClassVar[bool] = False
    begins_with_child: ClassVar[bool] = False
    """Whether it is RUNNING only once an execution exists that it began."""
    shares_folder: ClassVar[bool] = False
    """Whether its tasks have one working folder together, kept until it ends."""
    task_order: ClassVar[TaskOrder | None] = None
    """How its tasks run, for checks; None says nothing of it.

    `sequence`: each list one task after the other. `parallel`: at the same time, but for what a
    `dependsOn` says. `choice`: only one of the lists. `values`: again for each value of the
    property `values` or `value`; outputs are found under the value. `rounds`: again and again."""
    repeats: ClassVar[bool] = False
    """Whether each lane runs the same tasks once more, as a round whose number is `iteration`.

    When such a task is restarted, rounds that are over are not looked at again."""

    errors: list[AnyTask] | None = None
    """What runs when one of its tasks failed."""
    finally_: list[AnyTask] | None = Field(default=None, alias="finally")
    """What runs at its end, failed or not."""

    @abstractmethod
    def next(self, view: FlowableView) -> Decision:
        """Say what happens now: asked at the start, when a lane ends, when an answer comes."""

    @abstractmethod
    def children(self) -> tuple[TaskBase, ...]:
        """Return every task directly below this one, without `errors` and `finally`."""

    def resume_inputs(self) -> Sequence[InputBase]:
        """Return the inputs that whoever resumes this task gives, when it pauses."""
        return ()


@record
class Update:
    """What an `ExecutionTask` changes.

    Attributes:
        variables: the execution's variables from now on; None leaves them.
        labels: labels to add, or to replace.
        state: ends the whole execution in this state, without `errors` and `finally`; what runs is
            waited for. None lets it go on.
    """

    variables: Mapping[str, Any] | None = None
    labels: Mapping[str, str] | None = None
    state: State | None = None


class ExecutionTask(TaskBase):
    """A task that changes its own execution: subclass it, write `expressions` and `update`.

    It runs in the engine, not in a worker, so `update` must be pure: no I/O, no clock, no
    randomness.
    """

    runnable: ClassVar[bool] = False
    examples: ClassVar[tuple[Example, ...]] = ()
    metrics: ClassVar[tuple[MetricInfo, ...]] = ()
    deprecated: ClassVar[str | None] = None

    @abstractmethod
    def expressions(self) -> Mapping[str, Any]:
        """Return what is to be rendered first: name → what the author wrote."""

    @abstractmethod
    def update(self, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Update:
        """Say what changes; raise to fail.

        Args:
            values: what `expressions` rendered to, by name.
            variables: the execution's variables as they are.
        """


def output_class(cls: type) -> type[Output] | None:
    """Return the class of a task's or trigger's outputs, or None when it has none of its own."""
    if found := _declared(getattr(cls, "output_type", None)):
        return found
    for base in cls.__mro__:
        for noted in vars(base).get("__orig_bases__", ()):
            if isinstance(origin := get_origin(noted), type) and issubclass(origin, Task):
                return _declared(get_args(noted)[0])
    return None


def _declared(candidate: Any) -> type[Output] | None:
    if isinstance(candidate, type) and issubclass(candidate, Output) and candidate is not Output:
        return candidate
    return None
