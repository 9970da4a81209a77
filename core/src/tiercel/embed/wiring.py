"""`Wiring`: the parts of an engine, each made when it is first needed, and what joins them.

There is no global state: every part belongs to one engine.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpds import HashTrieMap

from tiercel._ids import IdSource, RandomIds
from tiercel._record import replace
from tiercel._time import Clock, SystemClock
from tiercel.embed.collected import Belongings
from tiercel.embed.veil import Veil
from tiercel.engine.expressions.evaluate import Evaluator
from tiercel.engine.expressions.flow_calls import FlowCaller
from tiercel.engine.expressions.host import FunctionHost
from tiercel.engine.flows.flow_sources import FlowSources
from tiercel.engine.flows.flows import FlowBook
from tiercel.engine.loop.beginning import Beginner
from tiercel.engine.loop.driver import Driver, Parts
from tiercel.engine.loop.owner import EngineLock, is_dead
from tiercel.engine.machine.again import BEGIN as BEGIN_AGAIN
from tiercel.engine.machine.again import repeated
from tiercel.engine.machine.events import ExecutionCreated
from tiercel.engine.services.executions import ExecutionBook
from tiercel.engine.services.files import FileStore, TaskFiles
from tiercel.engine.services.kv import NamespaceKv
from tiercel.engine.services.masking import MASK, Masker
from tiercel.engine.services.sealing import Sealer, hidden
from tiercel.engine.services.services import LOG_LINES, Services
from tiercel.engine.services.spilling import INLINE_LIMIT, holds_reference, is_reference, recall
from tiercel.errors import NotFoundError, RepositoryError
from tiercel.model.execution import Execution, LogEntry, State
from tiercel.model.input_values import output_values
from tiercel.model.load import load_task
from tiercel.parts import (
    language,
    open_outbound,
    open_repository,
    open_secrets,
    open_storage,
    shared_variables,
)
from tiercel.plugin.registry import Registry
from tiercel.settings import Settings
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.embed.events import Hub
    from tiercel.engine.machine.commands import StartChild
    from tiercel.engine.operations.operations import Operations
    from tiercel.engine.triggers.starts import Starter
    from tiercel.engine.triggers.triggers import Triggers
    from tiercel.executor.spi import Executor
    from tiercel.expression.environment import Environment
    from tiercel.model.flow import Flow
    from tiercel.plugin.outbound import OutboundPolicy
    from tiercel.repository.spi import Repository
    from tiercel.secrets.spi import SecretManager
    from tiercel.storage.spi import StorageBackend

__all__ = ["LOOK_EVERY", "Listener", "Wiring"]

LOOK_EVERY = 0.5
"""Seconds between looks at what another engine does."""

Listener = Callable[[Execution, tuple[str, ...], tuple[LogEntry, ...]], None]


_NO_SCOPES: HashTrieMap[str, Any] = HashTrieMap()


class Wiring:
    """The parts of an engine; `Tiercel` documents the arguments.

    Attributes:
        sealer: encrypts SECRET inputs, and whatever else is not stored in clear.
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
        secrets: SecretManager | None = None,
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
        self._repository = repository or open_repository(settings, self.registry)
        self.storage = storage or open_storage(settings, self.registry)
        self._executor = executor
        self._given_secrets = secrets
        self._listener = listener
        self._stepped = stepped
        self._owner = self._ids.new()
        self._masker = Masker()
        # Two threads must not make two of these: without a home, each has keys of its own.
        self.sealer = self._open_sealer()
        self._driver: Driver | None = None
        self._hub: Hub | None = None
        self._making = threading.Lock()
        self._stop = threading.Event()
        self._veil = Veil(self)
        self._process = os.getpid()
        self._belongings = Belongings(self._repository, self.storage)
        self._belongings.watch(self)

    def close(self) -> None:
        """Stop working. What is not finished stays durable, and can be recovered.

        Harmless when repeated. Subscriptions end. In a forked child nothing happens: the engine
        is its parent's.
        """
        if os.getpid() != self._process:
            return
        self._stop.set()
        if "triggers" in self.__dict__:
            self.triggers.stop()
        if "takeover" in self.__dict__:
            self.__dict__["takeover"].close()
        if self._driver is not None:
            self._driver.close()
        if self._hub is not None:
            self._hub.close()
        if "_secrets" in self.__dict__:
            self._secrets.close()
        self._belongings.close()

    @property
    def is_stepped(self) -> bool:
        """Whether the engine works on the caller's thread only."""
        return self._stepped

    def work_off(self) -> None:
        """Do what there is to do now, when `stepped`; another engine's thread does it anyway."""
        while self._stepped and self._driver is not None and self._driver.turn():
            pass

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._stop.is_set()

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise RepositoryError(
                f"This engine belongs to process {self._process}; a forked child needs its own"
            )

    @property
    def repository(self) -> Repository:
        """Where state is kept.

        Raises:
            RepositoryError: this is a forked child of the process that made the engine.
        """
        self._check_process()
        return self._repository

    @property
    def tenant(self) -> str:
        """Whose flows and executions these are."""
        return self.settings.tenant if self.settings else "main"

    @cached_property
    def flows(self) -> FlowBook:
        """The stored flows."""
        return FlowBook(self.repository, self.registry, self.clock, self.tenant)

    # The loop

    @property
    def driver(self) -> Driver:
        """The engine's loop, started when it is first needed.

        Raises:
            RepositoryError: this is a forked child of the process that made the engine.
        """
        if self._driver is None or os.getpid() != self._process:
            self._check_process()
            with self._making:
                if self._driver is None:
                    self._driver = self._started_driver()
        return self._driver

    def _started_driver(self) -> Driver:
        if self.settings is not None:
            self._belongings.lock = EngineLock(self._locks, self._owner)
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
            is_dead=self._is_dead,
            listener=self._changed,
        )
        driver = Driver(parts, stepped=self._stepped)
        driver.start()
        self._belongings.is_working = not self._stepped
        return driver

    def warm_up(self) -> None:
        """Make ready what the first execution needs, before it is asked for."""
        _ = self.driver, self.environment

    def _changed(
        self,
        before: Execution | None,
        execution: Execution,
        task_runs: tuple[str, ...],
        lines: tuple[LogEntry, ...],
    ) -> None:
        """Pass on what was committed to those who are waiting for it."""
        if (execution.done or execution.state is State.PAUSED) and "triggers" in self.__dict__:
            self.triggers.wake()
        if self._hub is not None:
            self._hub.publish(before, execution, task_runs, lines)
        if self._listener is not None:
            self._listener(execution, task_runs, lines)

    @property
    def hub(self) -> Hub:
        """What passes committed changes on to subscriptions; made when somebody subscribes."""
        with self._making:
            if self._hub is None:
                from tiercel.embed.events import Hub

                self._hub = Hub()
        return self._hub

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

    def _begin(
        self,
        flow: Flow,
        inputs: Mapping[str, Any],
        labels: Mapping[str, str],
        schedule_date: datetime | None = None,
    ) -> str:
        execution_id = self._ids.new()
        event, remarks = self._beginner.asked_for(flow, execution_id, inputs, labels)
        event = replace(event, schedule_date=schedule_date)
        self.driver.create(event, flow, remarks).wait()
        return execution_id

    def wait(self, execution_id: str, timeout: float | None = None) -> Execution:
        """Return an execution once nothing more happens in it.

        That is its end, or that no living engine runs it: see `interrupted`.

        Raises:
            NotFoundError: there is no such execution.
            TimeoutError: it took longer than `timeout` seconds.
            EngineBug: it cannot go on.
        """
        deadline = None if timeout is None else self.clock.monotonic() + timeout
        while self.driver.wait(execution_id, self._left(deadline)):
            execution = self.execution(execution_id)
            if self.runs_here(execution_id):  # again
                continue
            if execution.done or not self.runs_elsewhere(execution_id):
                return execution
            left = self._left(deadline)
            if left == 0:
                break
            self._stop.wait(LOOK_EVERY if left is None else min(left, LOOK_EVERY))
        raise TimeoutError(f"Execution {execution_id} still runs after {timeout} s")

    def _left(self, deadline: float | None) -> float | None:
        return None if deadline is None else max(deadline - self.clock.monotonic(), 0)

    def execution(self, execution_id: str) -> Execution:
        """Return an execution as it is stored, with its task runs.

        Raises:
            NotFoundError: there is no such execution.
        """
        return self.shown(self.repository.execution(execution_id))

    def hide(self, execution: Execution, value: Any) -> Any:
        """Return plain data of an execution as people may read it.

        What is stored encrypted is blanked out, and so is its text wherever else it appears. The
        engine may be closed already.
        """
        self._reveal(execution.inputs)
        for task_run in execution.task_runs.values():
            outputs = task_run.outputs
            spilled = outputs["outputs"] if holds_reference(outputs) else outputs
            if not is_reference(spilled) or spilled["$sealed"]:
                self._reveal(outputs)
        self._mask_every_secret()
        return self._masker.mask_all(hidden(value, MASK))

    def shown(self, execution: Execution) -> Execution:
        """Return an execution as programs get it.

        Without what the engine keeps in it while it runs, and able to show its values, without
        secrets, where it is displayed.
        """
        return replace(execution, flow=None, scopes=_NO_SCOPES, veil=self._veil)

    def runs_here(self, execution_id: str) -> bool:
        """Return whether this engine runs an execution."""
        return self._driver is not None and self._driver.runs(execution_id)

    def runs_elsewhere(self, execution_id: str) -> bool:
        """Return whether another living engine runs an execution."""
        now = self.clock.now()
        return any(
            claim.execution_id == execution_id
            and claim.until > now
            and claim.owner != self._owner
            and not self._is_dead(claim.owner)
            for claim in self.repository.claims()
        )

    # What people ask for

    @cached_property
    def operations(self) -> Operations:
        """What can be done to executions, one or many: restart, replay, kill, pause, delete, …"""
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
        from tiercel.engine.triggers.parts import SchedulerParts
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

    # What tasks and expressions work with

    @cached_property
    def services(self) -> Services:
        """What tasks are offered."""
        return Services(
            clock=self.clock,
            environment=lambda: self.environment,
            host=self._host,
            task_storage=self._task_storage,
            files=self.files,
            kv_store=self.kv,
            secret=self._secrets.get,
            seal=self.sealer.seal,
            reveal=self._reveal,
            executions=ExecutionBook(
                self.repository,
                self.tenant,
                self.files,
                lambda execution_id, inputs: self.operations.resume(
                    execution_id, inputs, state=State.SUCCESS
                ),
            ),
            flows=FlowSources(self.flows, self.repository, self.tenant),
            outbound=lambda: self.outbound,
            switch_trigger=self._switch_trigger,
            load_task=partial(load_task, resolve=self.registry.resolve),
            masker=self._masker,
            inline_limit=self.settings.inline_limit if self.settings else INLINE_LIMIT,
            log_lines=self.settings.log_lines if self.settings else LOG_LINES,
        )

    def kv(self, namespace: str) -> NamespaceKv:
        """Return the key-value pairs of a namespace."""
        return NamespaceKv(self.repository, self.clock, namespace)

    @cached_property
    def _beginner(self) -> Beginner:
        caller = FlowCaller(self.flows.newest, self._begin, self.wait, self._reveal)
        return Beginner(self.services, self._shared, self.tenant, caller)

    @cached_property
    def files(self) -> FileStore:
        """Internal storage, by URI."""
        return FileStore(self.storage, self.tenant, self.clock)

    @cached_property
    def environment(self) -> Environment:
        """The expression language, with the functions of the engine and of the plugins."""
        return language(self.registry, clock=self.clock.now)

    def _open_sealer(self) -> Sealer:
        if self.settings is None:
            return Sealer.open(self._environ.get("TIERCEL_ENCRYPTION_KEY"), None)
        return Sealer.open(self.settings.encryption_key, self.settings.home)

    @cached_property
    def outbound(self) -> OutboundPolicy:
        """Which servers tasks and expressions may talk to."""
        return open_outbound(self.settings, self._environ)

    @cached_property
    def _secrets(self) -> SecretManager:
        if self._given_secrets is not None:
            return self._given_secrets
        return open_secrets(self.settings, self.registry, self._environ)

    @cached_property
    def _shared(self) -> dict[str, Any]:
        return shared_variables(self.settings, self._environ)

    def _mask_every_secret(self) -> None:
        for secret in self._secrets.values():
            self._masker.add(secret)

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
            self.repository,
            self.clock,
            self.files,
            self._secrets,
            self._masker,
            lambda: self.outbound,
            caller,
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
