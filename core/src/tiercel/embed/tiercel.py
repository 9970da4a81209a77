"""`Tiercel`: the orchestrator as an object, for programs, tests, notebooks and the command line.

    from tiercel import Tiercel

    with Tiercel() as tiercel:                     # everything in memory
        execution = tiercel.run("hello.yaml", inputs={"name": "Ada"})
        print(execution.state, execution.outputs)

    with Tiercel(home="data") as tiercel: ...      # durable: SQLite and files below `data`

There is no global state: two of these in one process do not see each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tiercel.embed.lists import ExecutionList, FlowList
from tiercel.embed.wiring import Listener, Wiring
from tiercel.engine.machine.again import successor_id
from tiercel.engine.plain import plain
from tiercel.engine.services.executions import levels_from
from tiercel.engine.services.spilling import recall
from tiercel.errors import InputError, NotFoundError
from tiercel.model.execution import Execution, LogEntry, MetricEntry, State, TaskRun
from tiercel.model.flow import Flow
from tiercel.repository.spi import ExecutionQuery

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from tiercel.embed.events import Event
    from tiercel.embed.subscription import Callbacks, Subscription
    from tiercel.engine.loop.takeover import Takeover
    from tiercel.model.flow import Check
    from tiercel.model.load import Report

__all__ = ["Listener", "Tiercel"]

T = TypeVar("T")


class Tiercel(Wiring):
    """An orchestrator. Use it as a context manager, or call `close` at the end.

    For any number of threads. Errors are `TiercelError`s, but for `TimeoutError`; those that any
    method may raise are `RepositoryError` and `StorageError`, when the database or the files cannot
    be used.

    Args:
        home: folder for everything durable; without it, and without `settings`, all is in memory.
        settings: more than `home` can say.
        repository: where state is kept, instead of what the settings say.
        storage: where files are kept, instead of what the settings say.
        executor: where tasks run, instead of threads of this process.
        registry: which plugins there are, instead of the installed ones.
        secrets: where `secret()` looks, instead of what the settings say.
        clock: tells the time.
        ids: makes execution ids.
        environ: environment variables to read secrets and `envs` from.
        listener: told of every change once it is durable: (execution, ids of changed task runs,
            new log lines); called on the engine's thread, so it must be quick. `on_change` is
            for everybody else.
        stepped: whether the engine works on the caller's thread only, in calls that wait: for tests
            and simulations.

    Parts that are given are closed with it.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Plugins

    def register(self, kind: str, name: str, thing: Any, *, aliases: tuple[str, ...] = ()) -> None:
        """Make a class known to this engine, without a package and an entry point.

        Args:
            kind: `task`, `trigger`, `condition`, `task runner`, `filter` or `function`.
            name: the type's name in flows, or the filter's or function's in expressions.
            thing: the class; for a filter or function, its `Entry`.
            aliases: its older names.

        Raises:
            PluginError: a plugin has that name already.
        """
        self.registry.register(kind, name, thing, aliases=aliases)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (draft 7) of flows, with all plugins of this engine."""
        from tiercel.schema.export import flow_schema

        return flow_schema(self.registry)

    # Flows

    def load_flow(self, text: str, file: str = "") -> Flow:
        """Return the flow that a text means.

        Raises:
            FlowError: something is wrong with it; lists all of it.
        """
        return self.flows.load(text, file)

    def examine(self, text: str, file: str = "") -> Report:
        """Return everything there is to say about a flow's text, other stored flows considered."""
        return self.flows.examine(text, file)

    def save_flow(self, flow: str | Path | Flow) -> Flow:
        """Store a flow, as a new revision unless its source is the newest one's; return it.

        Its triggers begin to work, wherever triggers are running: see `triggers.start`.

        Args:
            flow: as for `run`.

        Raises:
            FlowError: the flow is wrong.
        """
        return self.flows.save(self._given(flow), deploy=True)

    def flow(self, namespace: str, flow_id: str, revision: int | None = None) -> Flow:
        """Return a stored flow, its newest revision by default.

        Raises:
            NotFoundError: there is no such flow or revision.
        """
        return self.flows.newest(namespace, flow_id, revision)

    def list_flows(self, namespace: str | None = None) -> FlowList:
        """Return the newest revisions of the stored flows, by namespace and id.

        Args:
            namespace: exactly this one, not those below it; all by default.

        Raises:
            FlowError: one of them is no flow any more: a plugin is gone, say.
        """
        stored = self.repository.flows(self.tenant, namespace)
        keys = [(each.tenant, each.namespace, each.id, each.revision) for each in stored]
        return FlowList(self.flows.revision(*key) for key in keys)

    def delete_flow(self, namespace: str, flow_id: str) -> None:
        """Delete a flow, and what its triggers keep; its executions stay.

        Raises:
            NotFoundError: there is no such flow.
        """
        self.flows.delete(namespace, flow_id)

    def failed_checks(self, flow: Flow, inputs: Mapping[str, Any]) -> list[Check]:
        """Return the `checks` of a flow that do not hold for inputs as an execution has them."""
        return self._beginner.failed_checks(flow, inputs)

    # Begin executions, and wait for them

    def run(
        self,
        flow: str | Path | Flow,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
        display: bool = False,
    ) -> Execution:
        """Run a flow to its end and return its execution.

        When the flow's `retry` makes new executions, that is the last of them.

        Args:
            flow: a file's path, a flow's text (more than one line), or a loaded flow.
            inputs: values by input id; a `Path` for a FILE input.
            labels: labels of the execution, beside the flow's own.
            timeout: seconds to wait at most; the execution goes on all the same.
            display: show it while it runs, where a notebook can; nothing elsewhere.

        Raises:
            FlowError: the flow is wrong.
            InputError: an input is missing or invalid.
            CheckError: one of the flow's `checks` blocks the execution.
            TimeoutError: it took longer than `timeout`.
        """
        deadline = None if timeout is None else self.clock.monotonic() + timeout
        execution_id: str | None = self.start(flow, inputs, labels)
        while execution_id is not None:
            left = self._left(deadline)
            execution = (self._watch if display else self.wait)(execution_id, left)
            execution_id = self.successor(execution)
        return execution

    def start(
        self,
        flow: str | Path | Flow,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        *,
        schedule_date: datetime | None = None,
    ) -> str:
        """Begin an execution and return its id; from then on it is durable.

        Args:
            flow: as for `run`.
            inputs: values by input id.
            labels: labels of the execution, beside the flow's own.
            schedule_date: when it begins, with its time zone; it stays CREATED until then, unless
                someone forces it (`force_run`). Some engine has to be at work then.

        Raises:
            FlowError: the flow is wrong.
            InputError: an input is missing or invalid, or `schedule_date` has no time zone.
            CheckError: one of the flow's `checks` blocks the execution.
        """
        if schedule_date is not None and schedule_date.tzinfo is None:
            raise InputError(f"A schedule date needs a time zone: {schedule_date.isoformat()!r}")
        stored = self.flows.save(self._given(flow))
        return self._begin(stored, inputs or {}, labels or {}, schedule_date)

    def successor(self, execution: Execution) -> str | None:
        """Return the id of the execution that repeats a RETRIED one; None when none does."""
        if execution.state is State.RETRIED:
            with suppress(NotFoundError):
                return self.repository.execution(successor_id(execution.id)).id
        return None

    # Know of executions

    def executions(self, query: ExecutionQuery | None = None) -> ExecutionList:
        """Return executions without their task runs, newest first.

        Args:
            query: which ones; the newest 25 by default.
        """
        found = self.repository.executions(query or ExecutionQuery(tenant=self.tenant))
        return ExecutionList(map(self.shown, found))

    def outputs(self, of: TaskRun | Execution) -> Any:
        """Return a task run's or an execution's outputs, from their file if they are too big.

        What is stored encrypted stays so (`hide`). Raises StoredFileNotFoundError.
        """
        return recall(of.outputs, self.files)

    def logs(
        self, execution_id: str, *, level: str = "TRACE", task_run_id: str | None = None
    ) -> list[LogEntry]:
        """Return an execution's log lines in order.

        Args:
            execution_id: the execution.
            level: only lines of this level and above.
            task_run_id: only those of this task run.
        """
        wanted = levels_from(level)
        found = self.repository.logs(execution_id, task_run_id=task_run_id)
        return [entry for _, entry in found if entry.level in wanted]

    def follow_logs(self, execution_id: str, *, level: str = "TRACE") -> Iterator[LogEntry]:
        """Yield an execution's log lines, and further ones as they come, until it has ended.

        Raises:
            NotFoundError: there is no such execution.
        """
        from tiercel.embed.events import LogLine

        wanted = levels_from(level)
        with self.events(execution_id=execution_id) as events:
            for event in events:
                if isinstance(event, LogLine) and event.entry.level in wanted:
                    yield event.entry

    def metrics(self, execution_id: str) -> list[MetricEntry]:
        """Return an execution's measurements in order."""
        return list(self.repository.metrics(execution_id))

    # Be told of changes

    def events(
        self,
        *,
        execution_id: str | None = None,
        namespace: str | None = None,
        flow_id: str | None = None,
        until_end: bool = True,
        buffer: int = 10_000,
    ) -> Subscription:
        """Return an iterator of what happens, once it is durable; close it, or use it as a block.

        Of one execution (`execution_id`) all that has happened comes first, then what happens, in
        whichever engine it runs; nothing is lost in between, however slow the reader is. Otherwise
        what happens in this engine from now on: nothing is lost unless the reader falls behind
        by more than `buffer`, and then it is told so by a `Missed`.

        Args:
            execution_id: of this execution.
            namespace: of executions in this namespace or below it.
            flow_id: of executions of flows of this id.
            until_end: end when the execution has ended; without `execution_id`, it never does.
            buffer: how many executions with news, and log lines, are kept for a slow reader.

        Raises:
            NotFoundError: there is no such execution.
        """
        from tiercel.embed.subscription import Scope, Subscription

        return Subscription(self, Scope(execution_id, namespace, flow_id, until_end), buffer)

    def on_change(
        self,
        callback: Callable[[Event], object],
        *,
        execution_id: str | None = None,
        namespace: str | None = None,
        flow_id: str | None = None,
        buffer: int = 10_000,
    ) -> Callbacks:
        """Have a function called with every event; return what ends that when it is closed.

        It is called on a thread of the subscription's own, one event after the other. What it
        raises is logged, and the next event comes all the same. The arguments are those of
        `events`.
        """
        from tiercel.embed.subscription import Callbacks

        subscription = self.events(
            execution_id=execution_id, namespace=namespace, flow_id=flow_id, buffer=buffer
        )
        return Callbacks(subscription, callback)

    # Do something to an execution; `operations` has more, and all of it for many at once

    def kill(self, execution_id: str) -> None:
        """Have an execution stopped, wherever it runs; returns before it is.

        Harmless when it has ended. Raises NotFoundError.
        """
        self.operations.kill(execution_id)

    def pause(self, execution_id: str) -> None:
        """Let what runs of an execution end, and begin nothing more until it is resumed.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it is not running.
        """
        self.operations.pause(execution_id)

    def resume(
        self,
        execution_id: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        state: State | None = None,
    ) -> None:
        """Resume a paused execution.

        Args:
            execution_id: the execution.
            inputs: values for the `onResume` inputs of the paused task.
            state: what the paused task ends in; None for a success.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it is not paused.
            InputError: an input is missing or invalid.
        """
        self.operations.resume(execution_id, inputs, state=state)

    def restart(self, execution_id: str, revision: int | None = None) -> str:
        """Run again what failed in an execution; return the id of the execution that does.

        Raises:
            NotFoundError: there is no such execution, or no such revision of its flow.
            ConflictError: it cannot be restarted; says why.
        """
        return self.operations.restart(execution_id, revision)

    def replay(
        self,
        execution_id: str,
        task_run_id: str | None = None,
        *,
        revision: int | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> str:
        """Repeat an execution as a new one, from a task run on if one is given; return its id.

        Raises:
            NotFoundError: there is no such execution, task run or revision.
            InputError: an input is missing or invalid.
        """
        return self.operations.replay(execution_id, task_run_id, revision=revision, inputs=inputs)

    def set_labels(self, execution_id: str, labels: Mapping[str, str]) -> None:
        """Add labels to an execution, or replace those with the same keys.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: a label is the engine's own.
        """
        self.operations.set_labels(execution_id, labels)

    def delete(self, execution_id: str) -> None:
        """Delete an execution with its log, metrics and files.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it has not ended.
        """
        self.operations.delete(execution_id)

    # After a crash

    def interrupted(self) -> list[str]:
        """Return the executions that a crashed engine left unfinished, oldest first."""
        unfinished = self.repository.unfinished()  # before the claims: a new one has its own then
        now, claims = self.clock.now(), self.repository.claims()
        alive = {owner: not self._is_dead(owner) for owner in {each.owner for each in claims}}
        owned = {each.execution_id for each in claims if each.until > now and alive[each.owner]}
        return [each for each in unfinished if each not in owned and not self._runs_here(each)]

    def _runs_here(self, execution_id: str) -> bool:
        return self._driver is not None and self._driver.runs(execution_id)

    @cached_property
    def takeover(self) -> Takeover:
        """What goes on with executions of engines that died: `start` it where they may be many."""
        from tiercel.engine.loop.takeover import Takeover

        return Takeover(self.interrupted, self._adopt)

    def _adopt(self, execution_id: str) -> None:
        # Which secrets it has read by now is not known.
        self._mask_every_secret()
        self.driver.adopt(execution_id).wait()

    def recover(self, execution_ids: Iterable[str] | None = None) -> list[str]:
        """Go on with interrupted executions, all of them by default; return their ids.

        Of all of them, one that cannot go on is told in the program's log.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: another engine runs it.
        """
        if execution_ids is None:
            return self.takeover.look()
        recovered = list(execution_ids)
        for execution_id in recovered:
            self._adopt(execution_id)
        return recovered

    # Expressions and secrets

    def evaluate(self, execution_id: str, template: str) -> str:
        """Render a template on an execution's variables, as a task at its end would see them.

        Raises:
            NotFoundError: there is no such execution.
            ExpressionError: the template is wrong.
        """
        known = self._variables_of(execution_id)
        return self.mask(self.environment.render(template, known, self._host()))

    def value(self, execution_id: str, template: str) -> Any:
        """Return what a template means on an execution's variables, as JSON-like data.

        A lone expression keeps its type. Raises as `evaluate` does.
        """
        known = self._variables_of(execution_id)
        return self.mask(plain(self.environment.evaluate(template, known, self._host())))

    def _variables_of(self, execution_id: str) -> dict[str, Any]:
        from tiercel.engine.expressions.variables import Variables

        execution = self.repository.execution(execution_id)
        variables = Variables(self._shared, self._reveal)
        variables.note_all(execution)
        return variables.of_execution(execution)

    def mask(self, value: T) -> T:
        """Return a text, or JSON-like data, without any secret that this engine knows."""
        self._mask_every_secret()
        masked: T = self._masker.mask_all(value)
        return masked

    # Helpers

    def _watch(self, execution_id: str, timeout: float | None) -> Execution:
        from tiercel.embed.notebook import wait_and_show

        return wait_and_show(self, execution_id, timeout)

    def _given(self, flow: str | Path | Flow) -> Flow:
        if isinstance(flow, Flow):
            return flow
        if isinstance(flow, str) and "\n" in flow:
            return self.load_flow(flow)
        path = Path(flow)
        return self.load_flow(path.read_text(encoding="utf-8"), str(path))
