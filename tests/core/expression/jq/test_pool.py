"""Programs run in processes of their own: stopped in time, blind, small, and replaced when lost."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tiercel.errors import LimitError
from tiercel.expression.jq.pool import Pool
from tiercel.expression.jq.worker import OK

ENDLESS = "last(range(infinite))"


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(size=2)
    yield pool
    pool.close()


def ask(pool: Pool, program: str, seconds: float = 20.0) -> str:
    status, text = pool.run(program, "[1, 2]", most=10_000, seconds=seconds)
    assert status == OK, text
    return text


def workers(pool: Pool) -> list[int]:
    return [worker.process.pid for worker in pool._all]


def ticks_during(pool: Pool, seconds: float, program: str | None) -> int:
    """How often a thread wakes up, 200 times a second, while a program runs or nothing does."""
    done = threading.Event()
    ticks = 0

    def count() -> None:
        nonlocal ticks
        while not done.wait(0.005):
            ticks += 1

    thread = threading.Thread(target=count)
    thread.start()
    if program is None:
        threading.Event().wait(seconds)
    else:
        with pytest.raises(LimitError):
            pool.run(program, "1", most=100, seconds=seconds)
    done.set()
    thread.join()
    return ticks


def test_other_threads_go_on_while_a_program_runs(pool: Pool) -> None:
    shares: list[float] = []
    # A busy machine may spoil a measurement, but not make it better than it is.
    while len(shares) < 5 and max(shares, default=0) < 0.9:
        quiet = ticks_during(pool, 0.5, None)
        shares.append(ticks_during(pool, 0.5, ENDLESS) / quiet)
    assert max(shares) >= 0.9


@pytest.mark.parametrize(
    "program",
    [
        ENDLESS,
        "def f: f; f",
        "until(false; .)",
        "try last(range(infinite)) catch 1",
        "reduce range(60) as $i ([]; [., .]) | tojson",
    ],
)
def test_a_program_is_stopped_at_its_deadline(program: str, pool: Pool) -> None:
    started = time.monotonic()
    with pytest.raises(LimitError, match=r"longer than 0\.3 seconds"):
        ask(pool, program, 0.3)
    assert time.monotonic() - started < 2
    assert workers(pool) == []


@pytest.mark.parametrize("program", ['reduce range(40) as $i ("x"; . + .)', "def f: 1 + f; f"])
def test_a_program_has_only_so_much_memory(program: str, pool: Pool) -> None:
    with pytest.raises(LimitError, match="1024 MB of memory"):
        ask(pool, program)
    assert ask(pool, "length") == "[2]"


def test_results_may_be_only_so_long(pool: Pool) -> None:
    status, text = pool.run("range(infinite)", "1", most=1_000, seconds=20)
    assert status != OK
    assert text == "The jq program gives more than 1000 characters"


def test_a_process_outlives_the_thread_that_used_it_first(pool: Pool) -> None:
    with ThreadPoolExecutor(1) as threads:
        threads.submit(ask, pool, ".").result()
    first = workers(pool)
    ask(pool, ".[0]")
    assert workers(pool) == first


def test_a_process_sees_no_environment(pool: Pool) -> None:
    ask(pool, ".")
    (pid,) = workers(pool)
    assert Path(f"/proc/{pid}/environ").read_bytes() == b""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_processes_are_replaced(number: int, pool: Pool) -> None:
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: ask(pool, "[range(1e5)] | length"), range(4)))
    for pid in workers(pool):
        os.kill(pid, number)
    assert ask(pool, "length") == "[2]"


def test_a_process_killed_while_it_runs_a_program_is_replaced(pool: Pool) -> None:
    ask(pool, ".")
    (pid,) = workers(pool)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(ask, pool, "[range(2e6)] | length")
        os.kill(pid, signal.SIGKILL)
        assert answer.result() == "[2000000]"
    assert pid not in workers(pool)


def test_many_threads_share_few_processes(pool: Pool) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: ask(pool, f".[0] + {number}"), range(200)))
    assert answers == [f"[{1 + number}]" for number in range(200)]
    assert len(workers(pool)) <= 2


def test_waiting_for_a_process_has_an_end() -> None:
    pool = Pool(size=1)
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(pool.run, ENDLESS, "1", most=9, seconds=1.0)
        while not pool._all:
            pass
        with pytest.raises(LimitError, match="No process was free"):
            ask(pool, ".", 0.1)
        assert isinstance(busy.exception(), LimitError)
    pool.close()


def test_a_large_input_and_a_large_result_pass(pool: Pool) -> None:
    data = "[" + ",".join(map(str, range(300_000))) + "]"
    assert pool.run(".", data, most=10**8, seconds=20) == (OK, f"[{data}]")


@contextmanager
def python(source: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program; what is left of it at the end is killed, so that nobody waits for it."""
    head = "import os, sys, threading\nfrom tiercel.expression.jq.pool import Pool, pool\n"
    command = [sys.executable, "-W", "ignore", "-c", head + source]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_a_program_in_progress_dies_with_its_parent() -> None:
    source = f"""
endless = lambda: pool().run({ENDLESS!r}, "1", most=9, seconds=60)
threading.Thread(target=endless).start()
while not pool()._all: pass
print(next(iter(pool()._all)).process.pid, flush=True)
threading.Event().wait()
"""
    with python(source) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        ended, _, _ = select.select([worker], [], [], 10)
        os.close(worker)
    assert ended


def test_a_forked_process_has_processes_of_its_own() -> None:
    source = """
def ask(): return pool().run(".", "7", most=9, seconds=20)[1]
ask()
endless = lambda: pool().run("last(range(infinite))", "1", most=9, seconds=60)
thread = threading.Thread(target=endless, daemon=True)
thread.start()
# A fork in the middle of reading an answer must not copy a lock that nobody lets go.
while sys._current_frames()[thread.ident].f_code.co_name != "_receive": pass
if child := os.fork():
    _, status = os.waitpid(child, 0)
    print("parent", ask(), status)
else:
    print("child", ask(), len(pool()._all), flush=True)
sys.stdout.flush()
pool().close()
os._exit(0)
"""
    with python(source) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        assert lines == ["child [7] 1\n", "parent [7] 0\n"]


def test_nothing_is_left_behind_at_exit() -> None:
    source = """
pool().run(".", "7", most=9, seconds=20)
print(next(iter(pool()._all)).process.pid, flush=True)
sys.stdin.readline()
"""
    with python(source) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.wait(timeout=20)
    assert process.returncode == 0
    assert not Path(f"/proc/{pid}").exists()
