"""`Tiercel`: the orchestrator as an object, for programs, tests, notebooks and the command line.

    from tiercel import Tiercel

    with Tiercel() as tiercel:                     # everything in memory
        execution = tiercel.run("hello.yaml", inputs={"name": "Ada"})
        print(execution.state, execution.outputs)

    with Tiercel(home="data") as tiercel: ...      # durable: SQLite and files below `data`

There is no global state: two of these in one process do not see each other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tiercel._ids import IdSource, RandomIds
from tiercel._time import Clock, SystemClock
from tiercel.engine.expressions.evaluate import Evaluator
from tiercel.engine.expressions.flow_calls import FlowCaller
from tiercel.engine.expressions.host import FunctionHost
from tiercel.engine.flows.flow_sources import FlowSources
from tiercel.engine.flows.flows import FlowBook
from tiercel.engine.loop.beginning import Beginner
from tiercel.engine.loop.driver import Driver, Parts
from tiercel.engine.loop.owner import EngineLock, is_dead
from tiercel.engine.machine.again import BEGIN as BEGIN_AGAIN
from tiercel.engine.machine.again import repeated, successor_id
from tiercel.engine.machine.events import ExecutionCreated
from tiercel.engine.plain import plain
from tiercel.engine.services.executions import ExecutionBook
from tiercel.engine.services.files import FileStore, TaskFiles
from tiercel.engine.services.kv import NamespaceKv
from tiercel.engine.services.masking import MASK, Masker
from tiercel.engine.services.sealing import Sealer, hidden
from tiercel.engine.services.services import LOG_LINES, Services
from tiercel.engine.services.spilling import INLINE_LIMIT, is_reference, recall
from tiercel.errors import NotFoundError
from tiercel.model.execution import Execution, LogEntry, State, TaskRun
from tiercel.model.flow import Flow
from tiercel.model.input_values import output_values
from tiercel.model.load import load_task
from tiercel.parts import language, open_repository, open_secrets, open_storage, shared_variables
from tiercel.plugin.registry import Registry
from tiercel.repository.spi import ExecutionQuery
from tiercel.settings import Settings
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from types import TracebackType

    from tiercel.engine.machine.commands import StartChild
    from tiercel.engine.operations.operations import Operations
    from tiercel.engine.triggers.starts import Starter
    from tiercel.engine.triggers.triggers import Triggers
    from tiercel.executor.spi import Executor
    from tiercel.expression.environment import Environment
    from tiercel.model.flow import Check
    from tiercel.model.load import Report
    from tiercel.repository.spi import Repository
    from tiercel.secrets.spi import SecretManager
    from tiercel.storage.spi import StorageBackend

__all__ = ["Tiercel"]

T = TypeVar("T")
Listener = Callable[[Execution, tuple[str, ...], tuple[LogEntry, ...]], None]


class Tiercel:
    """An orchestrator. Use it as a context manager, or call `close` at the end.

    Args:
        home: folder for everything durable; without it, and without `settings`, all is in memory.
        settings: more than `home` can say.
        repository: where state is kept, instead of what the settings say.
        storage: where files are kept, instead of what the settings say.
        executor: where tasks run, instead of threads of this process.
        registry: which plugins there are, instead of the installed ones.
        clock: tells the time.
        ids: makes execution ids.
        environ: environment variables to read secrets and `envs` from.
        listener: told of every change once it is durable: (execution, ids of changed task runs,
            new log lines); called on the engine's thread, so it must be quick.
        stepped: whether the engine works on the caller's thread only, in calls that wait: for tests
            and simulations.
    """

    def __init__(  # noqa: PLR0913  # contract C11: every part can be given, by keyword
        self,
        home: str | Path | None = None,
        *,
        settings: Settings | None = None,
        repository: Repository | None = None,
        storage: StorageBackend | None = None,
        executor: Executor | None = None,
        registry: Registry | None = None,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        environ: Mapping[str, str] | None = None,
        listener: Listener | None = None,
        stepped: bool = False,
    ) -> None:
        if settings is None and home is not None:
            settings = Settings(home=Path(home))
        self.settings = settings
        self.registry = registry or Registry()
        self.clock = clock or SystemClock()
        self._ids = ids or RandomIds()
        self._environ = dict(os.environ if environ is None else environ)
        self.repository = repository or open_repository(settings, self.registry)
        self.storage = storage or open_storage(settings, self.registry)
        self._executor = executor
        self._listener = listener
        self._stepped = stepped
        self._owner = self._ids.new()
        self._masker = Masker()
        self._lock: EngineLock | None = None
        self._driver: Driver | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop working. What is not finished stays durable, and can be resumed."""
        if "triggers" in self.__dict__:
            self.triggers.stop()
        if self._driver is not None:
            self._driver.close()
        if self._lock is not None:
            self._lock.release()
        if "_secrets" in self.__dict__:
            self._secrets.close()
        self.repository.close()
        self.storage.close()

    # Flows

    @property
    def tenant(self) -> str:
        """Whose flows and executions these are."""
        return self.settings.tenant if self.settings else "main"

    @cached_property
    def flows(self) -> FlowBook:
        """The stored flows."""
        return FlowBook(self.repository, self.registry, self.clock, self.tenant)

    def load_flow(self, text: str, file: str = "") -> Flow:
        """Return the flow that a text means.

        Raises:
            FlowError: something is wrong with it; lists all of it.
        """
        return self.flows.load(text, file)

    def examine(self, text: str, file: str = "") -> Report:
        """Return everything there is to say about a flow's text, other stored flows considered."""
        return self.flows.examine(text, file)

    def save_flow(self, flow: Flow) -> Flow:
        """Store a flow, as a new revision unless its source is the newest one's; return it.

        Its triggers begin to work, wherever triggers are running: see `triggers.start`.
        """
        return self.flows.save(flow, deploy=True)

    def flow(self, namespace: str, flow_id: str, revision: int | None = None) -> Flow:
        """Return a stored flow, its newest revision by default.

        Raises:
            NotFoundError: there is no such flow or revision.
        """
        return self.flows.newest(namespace, flow_id, revision)

    # Executions

    def run(
        self,
        flow: str | Path | Flow,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
    ) -> Execution:
        """Run a flow to its end and return its execution.

        When the flow's `retry` makes new executions, that is the last of them.

        Args:
            flow: a file's path, a flow's text (more than one line), or a loaded flow.
            inputs: values by input id; a `Path` for a FILE input.
            labels: labels of the execution, beside the flow's own.
            timeout: seconds to wait at most; the execution goes on all the same.

        Raises:
            FlowError: the flow is wrong.
            InputError: an input is missing or invalid.
            CheckError: one of the flow's `checks` blocks the execution.
            TimeoutError: it took longer than `timeout`.
        """
        deadline = None if timeout is None else self.clock.monotonic() + timeout
        execution = self.wait(self.start(flow, inputs, labels), timeout)
        while (successor := self.successor(execution)) is not None:
            left = None if deadline is None else max(deadline - self.clock.monotonic(), 0)
            execution = self.wait(successor, left)
        return execution

    def start(
        self,
        flow: str | Path | Flow,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> str:
        """Begin an execution and return its id; from then on it is durable.

        Raises:
            FlowError: the flow is wrong.
            InputError: an input is missing or invalid.
            CheckError: one of the flow's `checks` blocks the execution.
        """
        return self._begin(self.flows.save(self._given(flow)), inputs or {}, labels or {})

    def _begin(self, flow: Flow, inputs: Mapping[str, Any], labels: Mapping[str, str]) -> str:
        execution_id = self._ids.new()
        event, remarks = self._beginner.asked_for(flow, execution_id, inputs, labels)
        self.driver.create(event, flow, remarks).wait()
        return execution_id

    def failed_checks(self, flow: Flow, inputs: Mapping[str, Any]) -> list[Check]:
        """Return the `checks` of a flow that do not hold for inputs as an execution has them."""
        return self._beginner.failed_checks(flow, inputs)

    def _child(
        self, parent: Execution, command: StartChild
    ) -> tuple[ExecutionCreated, Flow] | None:
        """Return what begins the execution that `parent` asks for; None when it exists."""
        with suppress(NotFoundError):
            self.repository.execution(command.execution_id)
            return None
        if command.id == BEGIN_AGAIN:
            event = repeated(parent, command.execution_id, self.clock.now())
            return event, self._flow_of(parent)
        asked = command.request
        flow = self.flows.runnable(asked["namespace"], asked["flow_id"], asked["revision"])
        return self._beginner.child(parent, command, flow), flow

    def _flow_of(self, execution: Execution) -> Flow:
        return self.flows.revision(
            execution.tenant, execution.namespace, execution.flow_id, execution.flow_revision
        )

    def wait(self, execution_id: str, timeout: float | None = None) -> Execution:
        """Return an execution once nothing more happens in it.

        Raises:
            NotFoundError: there is no such execution.
            TimeoutError: it took longer than `timeout` seconds.
        """
        if not self.driver.wait(execution_id, timeout):
            raise TimeoutError(f"Execution {execution_id} still runs after {timeout} s")
        return self.execution(execution_id)

    def successor(self, execution: Execution) -> str | None:
        """Return the id of the execution that repeats a RETRIED one; None when none does."""
        if execution.state is State.RETRIED:
            with suppress(NotFoundError):
                return self.repository.execution(successor_id(execution.id)).id
        return None

    def execution(self, execution_id: str) -> Execution:
        """Return an execution as it is stored, with its task runs.

        Raises:
            NotFoundError: there is no such execution.
        """
        return self.repository.execution(execution_id)

    def outputs(self, task_run: TaskRun) -> Any:
        """Return a task run's outputs, from their file if they are too big for the database.

        What is stored encrypted stays so (`hide`). Raises StoredFileNotFoundError.
        """
        return recall(task_run.outputs, self.files)

    def executions(self, query: ExecutionQuery | None = None) -> Sequence[Execution]:
        """Return executions without their task runs, newest first."""
        return self.repository.executions(query or ExecutionQuery(tenant=self.tenant))

    def logs(self, execution_id: str) -> list[LogEntry]:
        """Return an execution's log lines in order."""
        return [entry for _, entry in self.repository.logs(execution_id)]

    def kill(self, execution_id: str) -> None:
        """Have an execution stopped, wherever it runs; returns before it is."""
        self.operations.kill(execution_id)

    def unpause(
        self,
        execution_id: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        state: State | None = None,
    ) -> None:
        """Resume a paused execution: what `operations.resume` does."""
        self.operations.resume(execution_id, inputs, state=state)

    @cached_property
    def operations(self) -> Operations:
        """What can be done to executions: restart, replay, kill, pause, resume, delete, …"""
        from tiercel.engine.operations.delivery import Delivery
        from tiercel.engine.operations.desk import Desk
        from tiercel.engine.operations.operations import Operations

        desk = Desk(
            repository=self.repository,
            flows=self.flows,
            files=self.files,
            beginner=self._beginner,
            clock=self.clock,
            ids=self._ids,
            driver=lambda: self.driver,
            deliver=Delivery(
                self.repository,
                self.clock,
                lambda: self.driver,
                self._is_dead,
                self._mask_every_secret,
            ),
            tenant=self.tenant,
        )
        return Operations(desk)

    @cached_property
    def triggers(self) -> Triggers:
        """The triggers of deployed flows: `start` has them start executions."""
        from tiercel.engine.triggers.scheduler import SchedulerParts
        from tiercel.engine.triggers.triggers import Triggers

        parts = SchedulerParts(
            repository=self.repository,
            clock=self.clock,
            owner=self._owner,
            tenant=self.tenant,
            flows=self.flows,
            starter=self.starter,
            driver=lambda: self.driver,
        )
        return Triggers(parts, self._ids, self.wait)

    def _switch_trigger(self, namespace: str, flow_id: str, trigger_id: str, on: bool) -> None:
        trigger = self.triggers.get(namespace, flow_id, trigger_id)
        trigger.enable() if on else trigger.disable()

    @cached_property
    def starter(self) -> Starter:
        """What evaluates triggers, and makes what begins the executions that they start."""
        from tiercel.engine.triggers.starts import Starter

        return Starter(self.services, self._shared, self._beginner, self.tenant)

    def interrupted(self) -> list[str]:
        """Return the executions that a crashed engine left unfinished, oldest first."""
        now = self.clock.now()
        owned = {
            claim.execution_id
            for claim in self.repository.claims()
            if claim.until > now and not self._is_dead(claim.owner)
        }
        return [each for each in self.repository.unfinished() if each not in owned]

    def resume(self, execution_ids: Iterable[str] | None = None) -> list[str]:
        """Go on with interrupted executions, all of them by default; return their ids."""
        resumed = list(self.interrupted() if execution_ids is None else execution_ids)
        self._adopt(resumed)
        return resumed

    def _adopt(self, execution_ids: Iterable[str]) -> None:
        # Which secrets they have read by now is not known.
        self._mask_every_secret()
        dead = {
            claim.execution_id for claim in self.repository.claims() if self._is_dead(claim.owner)
        }
        for execution_id in execution_ids:
            self.driver.adopt(execution_id, force=execution_id in dead).wait()

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

    def mask(self, value: T) -> T:
        """Return a text, or JSON-like data, without any secret that this engine knows."""
        self._mask_every_secret()
        masked: T = self._masker.mask_all(value)
        return masked

    def _mask_every_secret(self) -> None:
        for secret in self._secrets.values():
            self._masker.add(secret)

    def _variables_of(self, execution_id: str) -> dict[str, Any]:
        from tiercel.engine.expressions.variables import Variables

        execution = self.execution(execution_id)
        variables = Variables(self._shared, self._reveal)
        variables.note_all(execution)
        return variables.of_execution(execution)

    def hide(self, execution: Execution, value: Any) -> Any:
        """Return plain data of an execution as people may read it.

        What is stored encrypted is blanked out, and so is its text wherever else it appears. The
        engine may be closed already.
        """
        self._reveal(execution.inputs)
        for task_run in execution.task_runs.values():
            outputs = task_run.outputs
            if not is_reference(outputs) or outputs["$sealed"]:
                self._reveal(outputs)
        return self.mask(hidden(value, MASK))

    # Parts

    @cached_property
    def driver(self) -> Driver:
        """The engine's loop, started when it is first needed."""
        if self.settings is not None:
            self._lock = EngineLock(self._locks, self._owner)
        parts = Parts(
            repository=self.repository,
            executor=self._executor or self._threads(),
            services=self.services,
            evaluator=Evaluator(self.services, self._type_outputs),
            clock=self.clock,
            owner=self._owner,
            flow=self.flows.revision,
            newest=self.flows.newest,
            child=self._child,
            shared=self._shared,
            listener=self._changed,
        )
        self._driver = Driver(parts, stepped=self._stepped)
        self._driver.start()
        return self._driver

    def _changed(
        self, execution: Execution, task_runs: tuple[str, ...], lines: tuple[LogEntry, ...]
    ) -> None:
        """Pass on what was committed to those who are waiting for it."""
        if (execution.done or execution.state is State.PAUSED) and "triggers" in self.__dict__:
            self.triggers.wake()
        if self._listener is not None:
            self._listener(execution, task_runs, lines)

    def warm_up(self) -> None:
        """Make ready what the first execution needs, before it is asked for."""
        _ = self.driver, self.environment

    @cached_property
    def services(self) -> Services:
        """What tasks are offered."""
        return Services(
            clock=self.clock,
            environment=lambda: self.environment,
            host=self._host,
            task_storage=self._task_storage,
            files=self.files,
            kv_store=lambda namespace: NamespaceKv(self.repository, self.clock, namespace),
            secret=self._secrets.get,
            seal=self.sealer.seal,
            reveal=self._reveal,
            executions=ExecutionBook(
                self.repository, self.tenant, self.files, partial(self.unpause, state=State.SUCCESS)
            ),
            flows=FlowSources(self.flows, self.repository, self.tenant),
            switch_trigger=self._switch_trigger,
            load_task=partial(load_task, resolve=self.registry.resolve),
            masker=self._masker,
            inline_limit=self.settings.inline_limit if self.settings else INLINE_LIMIT,
            log_lines=self.settings.log_lines if self.settings else LOG_LINES,
        )

    @cached_property
    def _beginner(self) -> Beginner:
        caller = FlowCaller(self.flow, self._begin, self.wait, self._reveal)
        return Beginner(self.services, self._shared, self.tenant, caller)

    @cached_property
    def files(self) -> FileStore:
        """Internal storage, by URI."""
        return FileStore(self.storage, self.tenant, self.clock)

    @cached_property
    def environment(self) -> Environment:
        """The expression language, with the functions of the engine and of the plugins."""
        return language(self.registry, clock=self.clock.now)

    @cached_property
    def sealer(self) -> Sealer:
        """What encrypts SECRET inputs, and whatever else is not stored in clear."""
        if self.settings is None:
            return Sealer.open(self._environ.get("TIERCEL_ENCRYPTION_KEY"), None)
        return Sealer.open(self.settings.encryption_key, self.settings.home)

    @cached_property
    def _secrets(self) -> SecretManager:
        return open_secrets(self.settings, self.registry, self._environ)

    @cached_property
    def _shared(self) -> dict[str, Any]:
        return shared_variables(self.settings, self._environ)

    def _task_storage(
        self, namespace: str, flow_id: str, execution_id: str, task_id: str, task_run_id: str
    ) -> TaskFiles:
        execution = uris.execution_folder(namespace, flow_id, execution_id)
        folder = uris.task_folder(execution, task_id, task_run_id)
        cache = uris.cache_folder(namespace, flow_id, task_id)
        return TaskFiles(self.files, namespace, execution, folder, cache)

    def _threads(self) -> Executor:
        from tiercel.executor.threads import ThreadExecutor

        return ThreadExecutor(self.settings.workers if self.settings else 32)

    @property
    def _locks(self) -> Path:
        assert self.settings is not None
        return self.settings.home / "engines"

    def _is_dead(self, owner: str) -> bool:
        return self.settings is not None and is_dead(self._locks, owner)

    def _host(self, caller: FlowCaller | None = None) -> FunctionHost:
        return FunctionHost(
            self.repository, self.clock, self.files, self._secrets, self._masker, caller
        )

    def _reveal(self, value: Any) -> Any:
        """Return plain data, or spilled outputs, in clear; what was sealed is masked now."""
        found: list[str] = []
        clear = self.sealer.reveal(recall(value, self.files), found)
        for secret in found:
            self._masker.add(secret)
        return clear

    def _type_outputs(self, flow: Flow, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return output_values(flow.outputs, values, self.sealer.seal)

    def _given(self, flow: str | Path | Flow) -> Flow:
        if isinstance(flow, Flow):
            return flow
        if isinstance(flow, str) and "\n" in flow:
            return self.load_flow(flow)
        path = Path(flow)
        return self.load_flow(path.read_text(encoding="utf-8"), str(path))
