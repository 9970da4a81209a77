"""`run_flow`: a flow from its beginning to its end, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tiercel.errors import InputError, NotFoundError, TiercelError
from tiercel.testing.fakes import FakeClock, clock_at
from tiercel.testing.flow_tests.bench import Bench, Fired, Resume, Setup
from tiercel.testing.flow_tests.library import Library
from tiercel.testing.flow_tests.mocks import Mock

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.model.execution import Execution, LogEntry, State
    from tiercel.model.flow import Flow
    from tiercel.plugin.registry import Registry
    from tiercel.testing.flow_tests.crashes import Crash

__all__ = ["FlowResult", "mocks_of", "play", "run_flow", "source_of"]

T = TypeVar("T")


class FlowResult:
    """What became of a flow.

    Attributes:
        execution: its execution, the last one when the flow's `retry` repeated it.
        refusal: why there is no execution: an input or a check refused it; None otherwise.
    """

    def __init__(self, bench: Bench, execution: Execution | None, refusal: str | None) -> None:
        self._bench = bench
        self._execution = execution
        self.refusal = refusal

    @property
    def execution(self) -> Execution:
        """Its execution.

        Raises:
            InputError: there is none.
        """
        if self._execution is None:
            raise InputError(self.refusal or "There is no execution")
        return self._execution

    @property
    def state(self) -> State | None:
        """The state that it ended in, or where it waits for somebody; None when it was refused."""
        return self._execution.state if self._execution else None

    @property
    def outputs(self) -> Any:
        """The flow's outputs."""
        return self._bench.engine.hide(self.execution, self.execution.outputs or {})

    @property
    def logs(self) -> list[LogEntry]:
        """Every log line, in order; of subflows too."""
        return [line for each in self.executions for line in self._bench.engine.logs(each.id)]

    @property
    def executions(self) -> list[Execution]:
        """All executions that there were, subflows' too, in the order in which they began."""
        engine = self._bench.engine
        begun = reversed(engine.executions())
        return [engine.execution(each.id) for each in begun]

    @property
    def states(self) -> dict[str, str]:
        """The state of each task's last run by its id, subflows' tasks too."""
        runs = [run for each in self.executions for run in each.task_runs.values()]
        runs.sort(key=lambda run: (run.history.started, run.id))
        return {run.task_id: str(run.state) for run in runs}

    def messages(self, level: str = "INFO") -> list[str]:
        """Return the messages logged at a level."""
        return [line.message for line in self.logs if line.level == level]

    def task_outputs(self, task_id: str) -> Any:
        """Return what expressions see as `outputs.<task_id>`.

        Raises:
            NotFoundError: the task gave no outputs.
        """
        found = self._variables["outputs"]
        if task_id not in found:
            raise NotFoundError(f"Task {task_id!r} gave no outputs")
        return self._bench.engine.render("{{ outputs[task] }}", {"outputs": found, "task": task_id})

    def file(self, uri: str) -> bytes:
        """Return the content of a stored file."""
        with self._bench.engine.files.open(uri) as file:
            return file.read()

    def evaluate(self, template: Any, task: str | None = None) -> Any:
        """Return what an expression means at the end of the execution.

        Beside what the flow sees itself: `states` (task id → state), `logs` (a list with `level`,
        `message` and `taskId`), `files` (name → URI), and `error`, why it was refused or failed.

        Args:
            template: a text, or data with texts in it; a lone expression keeps its type.
            task: see what this task sees.

        Raises:
            ExpressionError: the expression is wrong.
            NotFoundError: the task did not run.
        """
        seen = self._variables
        if task is not None:
            seen = {**seen, **self._bench.engine.see(self.execution, task)}
        return self._bench.engine.render(template, seen)

    def mask(self, value: T) -> T:
        """Return a text, or JSON-like data, without secrets."""
        return self._bench.engine.mask(value)

    @cached_property
    def _variables(self) -> dict[str, Any]:
        seen: dict[str, Any] = {**self._bench.extra, "error": self.refusal}
        if self._execution is None:
            return seen
        failed = (run.error for run in self._execution.task_runs.values() if run.error)
        lines = [
            {"level": line.level, "message": line.message, "taskId": line.task_id}
            for line in self.logs
        ]
        own = {"states": self.states, "logs": lines, "error": next(failed, None)}
        return {**seen, **own, **self._bench.engine.see(self._execution)}


def run_flow(  # noqa: PLR0913  # all but the first are by keyword, and most tests give none
    flow: str | Path | Flow,
    inputs: Mapping[str, Any] | None = None,
    *,
    mocks: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes | str] | None = None,
    namespace_files: Mapping[str, bytes | str] | None = None,
    secrets: Mapping[str, str] | None = None,
    kv: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    trigger: str | Fired | None = None,
    resumes: Iterable[Resume] = (),
    clock: FakeClock | datetime | None = None,
    crashes: Iterable[Crash] = (),
    flows: Iterable[str | Path] = (),
    registry: Registry | None = None,
) -> FlowResult:
    """Run a flow to its end, in this thread and in memory; waits take no time.

    Args:
        flow: a file's path, a flow's text (more than one line), or a loaded flow.
        inputs: values by input id; a `Path` for a FILE input.
        mocks: tasks that are not to run, by id, in subflows too: each a `Mock`, the outputs, an
            exception, a function from the task's variables to its outputs, or a list of these for
            one attempt after the other.
        files: content by name; `{{ files.name }}` is the URI, in inputs and in mocked outputs.
        namespace_files: content of the namespace's files by path.
        secrets: secrets by name; no others are there.
        kv: key-value pairs of the flow's namespace.
        labels: labels of the execution beside the flow's own.
        trigger: the flow's trigger that starts it, by id, or with variables.
        resumes: who resumes paused tasks; where nobody does, the execution stays PAUSED.
        clock: what the clock shows at the beginning, 2024 in UTC by default; or the clock itself,
            which shows at the end how much time has passed.
        crashes: moments at which the engine dies, and another one goes on.
        flows: files of subflows, and folders to look for them; the folder of `flow` is one.
        registry: which plugins there are, instead of the installed ones.

    Raises:
        FlowError: the flow is wrong.
        TiercelError: it does not come to an end, or a mock is for no task of it.
    """
    text, file = source_of(flow)
    places = [*map(Path, flows), *([Path(file).parent] if file else [])]
    setup = Setup(
        inputs=inputs or {},
        mocks=mocks_of(mocks),
        files=files or {},
        namespace_files=namespace_files or {},
        secrets=secrets or {},
        kv=kv or {},
        labels=labels or {},
        trigger=Fired(trigger) if isinstance(trigger, str) else trigger,
        resumes=tuple(resumes),
        clock=clock_at(clock),
        crashes=tuple(crashes),
        library=Library(places),
        registry=registry,
    )
    return play(setup, text, file)


def play(setup: Setup, text: str, file: str = "") -> FlowResult:
    """Run a flow's text in a world, and return what became of it; raises as `run_flow` does."""
    bench = Bench(setup)
    result = FlowResult(bench, *bench.play(text, file))
    if bench.faults.left:
        late = ", ".join(f"{crash.at} {crash.number}" for crash in bench.faults.left)
        raise TiercelError(f"The execution ended before the crash at {late}")
    return result


def mocks_of(mocks: Mapping[str, Any] | None) -> dict[str, tuple[Mock, ...]]:
    """Return answers by task id, as `run_flow` takes them, as mocks."""
    return {task_id: _mocks(answer) for task_id, answer in (mocks or {}).items()}


def _mocks(answer: Any) -> tuple[Mock, ...]:
    if isinstance(answer, list | tuple):
        return tuple(mock for each in answer for mock in _mocks(each))
    if isinstance(answer, Mock):
        return (answer,)
    if isinstance(answer, BaseException):
        return (Mock(error=str(answer) or type(answer).__name__),)
    if answer is None or callable(answer) or isinstance(answer, Mapping):
        return (Mock(answer),)
    raise TypeError(f"A mock is a Mock, outputs, an exception or a function, not {answer!r}")


def source_of(flow: str | Path | Flow) -> tuple[str, str]:
    """Return a flow's text, and its file if it has one."""
    if not isinstance(flow, str | Path):
        return flow.source, ""
    if isinstance(flow, str) and "\n" in flow:
        return flow, ""
    return Path(flow).read_text(encoding="utf-8-sig"), str(flow)
