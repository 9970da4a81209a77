"""Tasks and flowables that each break one promise."""

from __future__ import annotations

import random
import time
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, PrivateAttr

from tiercel.plugin import (
    Decision,
    Dynamic,
    Example,
    Finish,
    FlowableTask,
    FlowableView,
    Lane,
    Metric,
    MetricInfo,
    Open,
    Output,
    Property,
    RunContext,
    State,
    Task,
    TaskBase,
    TaskList,
    Wait,
)


class Answer(Output):
    """What a task gives."""

    value: Any = None
    """It."""


class Good(Task[Answer]):
    """Give a text back."""

    text: Property[str]
    """The text."""
    count: Property[int] = Property.of(1)
    """How often."""
    words: list[str] = Field(default_factory=list)
    """More texts."""
    examples: ClassVar[tuple[Example, ...]] = ()
    metrics: ClassVar[tuple[MetricInfo, ...]] = (MetricInfo("texts", "counter"),)

    def run(self, ctx: RunContext) -> Answer:
        ctx.metric(Metric.counter("texts", 1))
        ctx.log("INFO", ctx.render(self.text))
        return Answer(value=ctx.render(self.text) * ctx.render(self.count))


class BadSchema(Good):
    """Give a text back."""

    wrong: Annotated[int, Field(json_schema_extra={"minimum": "zero"})] = 0
    """A number."""


class NoDocs(Good):
    __doc__ = None


class NoPropertyDocs(Good):
    """Give a text back."""

    unexplained: int = 0


class Silent(Output):
    """What a task gives."""

    value: Any = None


class NoOutputDocs(Task[Silent]):
    """Give nothing."""

    def run(self, ctx: RunContext) -> Silent:
        return Silent()


class BadExample(Good):
    """Give a text back."""

    examples = (Example("Wrong", "txet: abc", full=False),)


class OtherExample(Good):
    """Give a text back."""

    examples = (
        Example(
            "Other",
            "id: f\nnamespace: a.b\ntasks: [{id: a, type: broken.Good, text: abc}]",
        ),
    )


class TakesAnything(Good):
    """Give a text back."""

    model_config = ConfigDict(extra="allow")


class NotDynamic(Good):
    """Give a text back."""

    size: Annotated[int, Dynamic] = 0
    """It says that it may be an expression."""


class LogsNothing(Good):
    """Give a text back."""

    logged: ClassVar[tuple[str, ...]] = ("nothing",)


class Failing(Good):
    """Fail."""

    def run(self, ctx: RunContext) -> Answer:
        raise ValueError("Broken")


class NotJson(Good):
    """Give what is no JSON."""

    def run(self, ctx: RunContext) -> Answer:
        return Answer(value=float("nan"))


class Other(Output):
    """Something else."""

    other: int = 1
    """It."""


class OtherOutput(Good):
    """Give something else."""

    def run(self, ctx: RunContext) -> Any:
        return Other()


class OtherMetric(Good):
    """Measure something else."""

    def run(self, ctx: RunContext) -> Answer:
        ctx.metric(Metric.gauge("other", 1))
        return Answer()


class NoFile(Good):
    """Give a file that is not there."""

    def run(self, ctx: RunContext) -> Answer:
        return Answer(value="kestra:///company/team/test_flow/nowhere.txt")


class Changing(Good):
    """Change its own properties."""

    def run(self, ctx: RunContext) -> Answer:
        self.words.append("more")
        return Answer()


class OnlyOnce(Good):
    """Fail the second time."""

    def run(self, ctx: RunContext) -> Answer:
        if ctx.storage.open_cached("done") is not None:
            raise ValueError("Once is enough")
        path = ctx.working_dir / "done"
        path.write_text("done")
        ctx.storage.put_cached(path, "done")
        return Answer()


class Raw(Good):
    """Give what was written."""

    def run(self, ctx: RunContext) -> Answer:
        return Answer(value=self.text.raw)


class Printing(Good):
    """Print the text."""

    def run(self, ctx: RunContext) -> Answer:
        print(ctx.render(self.text))
        return Answer()


class Deaf(Good):
    """Do not listen to kills."""

    def run(self, ctx: RunContext) -> Answer:
        time.sleep(8 if ctx.render(self.text) == "long" else 0)
        return Answer()


# Flowables


class GoodFlowable(FlowableTask):
    """Run tasks one after the other."""

    tasks: TaskList
    """They."""

    def children(self) -> tuple[TaskBase, ...]:
        return tuple(self.tasks)

    def next(self, view: FlowableView) -> Decision:
        if view.active:
            return Wait()
        if view.worst is not State.SUCCESS or view.opened == len(self.tasks):
            return Finish(view.worst)
        return Open((Lane(view.opened, (self.tasks[view.opened],)),))


class Stuck(GoodFlowable):
    """Wait for ever."""

    def next(self, view: FlowableView) -> Decision:
        return Wait() if view.opened else super().next(view)


class StuckOnFailure(GoodFlowable):
    """Wait for ever once a task failed."""

    def next(self, view: FlowableView) -> Decision:
        return Wait() if view.worst is State.FAILED else super().next(view)


class Random(GoodFlowable):
    """Ask chance."""

    def next(self, view: FlowableView) -> Decision:
        random.random()
        return super().next(view)


class Remembering(GoodFlowable):
    """Count its answers."""

    _asked: int = PrivateAttr(default=0)

    def next(self, view: FlowableView) -> Decision:
        self._asked += 1
        return Wait() if view.opened and self._asked == 1 else super().next(view)


class Stranger(GoodFlowable):
    """Run a task that it does not have."""

    def next(self, view: FlowableView) -> Decision:
        return super().next(view)

    def children(self) -> tuple[TaskBase, ...]:
        return tuple(self.tasks[:1])


class Twice(GoodFlowable):
    """Open its lanes under one name."""

    def next(self, view: FlowableView) -> Decision:
        if view.active:
            return Wait()
        if view.opened == 2:
            return Finish(view.worst)
        return Open((Lane("lane", (self.tasks[view.opened],)),))


class Proud(GoodFlowable):
    """Fail for good."""

    def next(self, view: FlowableView) -> Decision:
        if view.outputs is not None:
            return Finish(State.FAILED, view.outputs)
        decision = super().next(view)
        failed = isinstance(decision, Finish) and decision.state is State.FAILED
        return Finish(State.FAILED, {"failed": True}) if failed else decision
