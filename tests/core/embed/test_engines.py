"""Several engines in one process: they share nothing, and leave nothing behind."""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import tracemalloc
import warnings
import weakref
from contextlib import suppress

import pytest

from tiercel import PluginError, State, Tiercel
from tiercel.errors import FlowError, RepositoryError
from tiercel.plugin import Output, Task
from tiercel.repository.memory import MemoryRepository
from tiercel.storage.memory import MemoryStorage

PATIENCE = 20.0


def threads_of_ours():
    return {each for each in threading.enumerate() if each.name.startswith("tiercel-")}


def files_open_in(folder):
    """Return the files in a folder that this process has open, where the system tells."""
    names = []
    with suppress(FileNotFoundError):  # no such folder on this system
        for link in os.listdir("/proc/self/fd"):
            with suppress(FileNotFoundError):  # closed meanwhile
                names.append(os.readlink(f"/proc/self/fd/{link}"))
    return [name for name in names if name.startswith(str(folder))]


def wait_for(condition):
    """Return when a condition holds that another thread brings about."""
    for _ in range(int(PATIENCE * 100)):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("It did not happen")


# Independence


def test_three_engines_see_nothing_of_each_other(make, flows):
    engines = [make(environ={"ENV_NAME": str(number)}) for number in range(3)]
    flow = flows["hello"].replace("{{ inputs.name }}", "{{ envs.name }}")
    for engine in engines:
        engine.kv("company.team").set("key", "own")
    engines[1].kv("company.team").delete("key")
    greetings = [engine.run(flow, {"name": "-"}).outputs["greeting"] for engine in engines]
    assert greetings == ["Hello, 0", "Hello, 1", "Hello, 2"]
    assert [len(engine.executions()) for engine in engines] == [1, 1, 1]
    assert [len([*engine.kv("company.team").keys()]) for engine in engines] == [1, 0, 1]


def test_a_type_of_one_engine_is_unknown_to_another(flows):
    class Own(Task[Output]):
        """Does nothing."""

        def run(self, _ctx):
            """Do it."""

    with Tiercel(environ={}) as one, Tiercel(environ={}) as other:
        one.register("task", "test.Gate", Own)
        assert one.run(flows["gated"]).state is State.SUCCESS
        with pytest.raises(FlowError, match=r"Invalid type: test\.Gate"):
            other.run(flows["gated"])


def test_a_secret_of_one_engine_is_no_secret_to_another(flows):
    with (
        Tiercel(environ={"TIERCEL_SECRET_KEY": "hunter2-hunter2"}) as one,
        Tiercel(environ={}) as other,
    ):
        assert one.mask("hunter2-hunter2") == "******"
        assert other.mask("hunter2-hunter2") == "hunter2-hunter2"


def test_two_engines_share_a_database_and_its_executions(make, flows, tmp_path):
    one, other = make(tmp_path), make(tmp_path)
    ids = [engine.start(flows["hello"], {"name": "x"}) for engine in (one, other) * 5]
    for engine in (other, one):
        states = {engine.wait(execution_id, PATIENCE).state for execution_id in ids}
        assert states == {State.SUCCESS}
    assert one.interrupted() == other.interrupted() == []


def test_one_engine_kills_what_another_runs(make, flows, gate, tmp_path):
    one, other = make(tmp_path), make(tmp_path)
    execution_id = one.start(flows["gated"])
    assert gate.entered.acquire(timeout=PATIENCE)
    other.kill(execution_id)
    assert other.wait(execution_id, PATIENCE).state is State.KILLED


def test_parts_of_a_programs_own_are_used_and_shared(make, flows):
    repository, storage = MemoryRepository(), MemoryStorage()
    one, other = (make(repository=repository, storage=storage) for _ in range(2))
    execution = one.run(flows["hello"], {"name": "x"})
    assert other.execution(execution.id) == execution
    assert (other.repository, other.storage) == (repository, storage)


def test_an_engine_touches_no_signal_no_logger_and_no_current_folder(flows):
    def state():
        handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
        root = logging.getLogger()
        ours = logging.getLogger("tiercel")
        loggers = (root.level, *root.handlers, ours.level, *ours.handlers, ours.propagate)
        return handlers, loggers, os.getcwd(), dict(os.environ)

    before = state()
    with Tiercel(environ={}) as tiercel:
        tiercel.run(flows["hello"], {"name": "x"})
        assert state() == before
    assert state() == before


def test_an_engine_works_in_a_thread_and_is_closed_in_another(make, flows, tmp_path):
    engines = []
    thread = threading.Thread(target=lambda: engines.append(make(tmp_path)))
    thread.start()
    thread.join()
    assert engines[0].run(flows["hello"], {"name": "x"}).state is State.SUCCESS
    closer = threading.Thread(target=engines[0].close)
    closer.start()
    closer.join(PATIENCE)
    with pytest.raises(RepositoryError, match="closed"):
        engines[0].executions()


def test_two_threads_that_begin_at_once_get_one_engine(make, flows):
    tiercel = make()
    barrier, drivers = threading.Barrier(8), []

    def begin():
        barrier.wait()
        drivers.append(tiercel.driver)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(drivers)) == 1


# Nothing stays


def test_closing_twice_is_harmless(tmp_path):
    tiercel = Tiercel(tmp_path, environ={})
    tiercel.warm_up()
    tiercel.close()
    tiercel.close()


def test_fifty_engines_leave_no_thread_no_file_and_no_memory(flows, tmp_path):
    def once(number):
        with Tiercel(tmp_path / str(number % 2), environ={}) as tiercel:
            with tiercel.on_change(lambda event: None), tiercel.events() as events:
                execution_id = tiercel.start(flows["hello"], {"name": "x"})
                assert tiercel.wait(execution_id, PATIENCE).state is State.SUCCESS
                assert next(events).execution.id == execution_id
            tiercel.triggers.start()

    before = threads_of_ours()
    for number in range(5):
        once(number)
    gc.collect()
    tracemalloc.start()
    try:
        first, _ = tracemalloc.get_traced_memory()
        for number in range(45):
            once(number)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - first
    finally:
        tracemalloc.stop()
    wait_for(lambda: threads_of_ours() <= before)
    assert files_open_in(tmp_path) == []
    assert grown < 1_000_000
    assert [*(tmp_path / "0/engines").iterdir()] == []


def test_an_engine_that_was_dropped_is_collected_with_a_warning(flows, tmp_path):
    before = threads_of_ours()
    tiercel = Tiercel(tmp_path, environ={})
    tiercel.run(flows["hello"], {"name": "x"})
    gone = weakref.ref(tiercel)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del tiercel

        def is_gone():
            gc.collect()
            return gone() is None

        wait_for(is_gone)
    told = [str(each.message) for each in caught if each.category is ResourceWarning]
    assert "A Tiercel was never closed; use it in a `with` block, or call its `close`" in told
    wait_for(lambda: threads_of_ours() <= before)


def test_what_a_dropped_engine_ran_can_be_recovered_at_once(make, flows, tmp_path):
    tiercel = Tiercel(tmp_path, environ={})
    execution_id = tiercel.start(flows["asking"])
    gone = weakref.ref(tiercel)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        del tiercel

        def is_gone():
            gc.collect()
            return gone() is None

        wait_for(is_gone)
    heir = make(tmp_path)
    assert heir.recover() == [execution_id]


def test_an_engine_that_never_worked_is_dropped_silently():
    gone = weakref.ref(Tiercel(environ={}))
    gc.collect()
    assert gone() is None


def test_an_execution_does_not_keep_its_engine(flows):
    with Tiercel(environ={}) as tiercel:
        execution = tiercel.run(flows["hello"], {"name": "x"})
    assert "Hello" in execution._repr_html_()
    gone = weakref.ref(tiercel)
    del tiercel
    for _ in range(3):
        gc.collect()
    wait_for(lambda: gc.collect() is not None and gone() is None)
    assert "Hello" not in execution._repr_html_()


# Forks


FORK = """
import os, sys
from tiercel import Tiercel
from tiercel.errors import RepositoryError

home, flow = sys.argv[1:]
tiercel = Tiercel(home, environ={})
tiercel.run(flow, {"name": "x"})
child = os.fork()
if child == 0:
    told = 0
    for call in (tiercel.executions, lambda: tiercel.start(flow, {"name": "x"})):
        try:
            call()
        except RepositoryError as error:
            told += "a forked child needs its own" in str(error)
    tiercel.close()
    with Tiercel(home, environ={}) as own:
        told += own.run(flow, {"name": "x"}).state == "SUCCESS"
    os._exit(told)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), len(os.listdir(home + "/engines")))
print(tiercel.run(flow, {"name": "x"}).state, len(tiercel.executions()))
tiercel.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_is_told_to_make_its_own_engine(flows, tmp_path):
    command = [sys.executable, "-c", FORK, str(tmp_path), flows["hello"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout.split() == ["3", "1", "SUCCESS", "3"], done.stderr


def test_a_registered_name_of_another_kind_is_free(make):
    tiercel = make()
    tiercel.register("condition", "test.Gate", object)
    with pytest.raises(PluginError):
        tiercel.register("condition", "test.Gate", object)
