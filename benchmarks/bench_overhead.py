"""What the engine adds to tasks that do nothing, and how that grows with their number.

Everything is durable (SQLite in a temporary folder). A task's cost stands beside what SQLite alone
needs for as many commits as the engine made; a chain's also beside the cost in a chain of 100.
"""

from __future__ import annotations

import gc
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench_start import FLOOR
from measure import Row, beside, medians

from tiercel import Tiercel
from tiercel.engine.loop.driver import Driver

CHAINS = (100, 1_000, 10_000)
ROUNDS = (10, 100, 1_000, 10_000)
PARALLEL = 1_000
EXECUTIONS = 500
SCRIPTS = 40
TURNS = 3
LEAST_PER_SECOND = {"tasks": 1_000, "executions": 150}
SLOWEST = 4.0
"""Seconds that 99 of 100 executions may take when 500 begin at once."""
EVENT = '{"at":1767225600000000,"task_run_id":"2vVhYWJ0fRcUv3LzFrkzLm","attempt":1}'
TASK = "{{id: t{number}, type: io.kestra.plugin.core.debug.Return, format: hello}}"
FIBO = """\
def fibo(n):
    return n if n < 2 else fibo(n - 1) + fibo(n - 2)

print(fibo(10))
"""
MEMORY = """
import sys
from pathlib import Path
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line for line in lines if line.startswith("VmHWM")).split()[1], file=sys.stderr)
"""
RUN = """
import sys
from tiercel.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code
"""


def main() -> list[Row]:
    """Measure chains, parallel tasks, loops, many executions, subprocesses and memory."""
    gc.set_threshold(100_000, 20, 100)  # as the command `tiercel` does
    return [
        *_growing("chain", CHAINS, _chain),
        *_parallel(),
        *_growing("ForEach", ROUNDS, _for_each),
        *_executions(),
        _scripts(),
        _memory(),
    ]


@contextmanager
def _engine(**parts: object) -> Iterator[Tiercel]:
    """Yield a durable engine that has already run a task of the kind that is measured."""
    with TemporaryDirectory() as folder, Tiercel(home=folder, **parts) as engine:  # type: ignore[arg-type]
        engine.run(_flow("warm", _tasks(2)))
        yield engine


def _flow(flow_id: str, tasks: str) -> str:
    return f"id: {flow_id}\nnamespace: company.team\ntasks:\n{tasks}"


def _tasks(count: int, indent: str = "  ") -> str:
    return "".join(f"{indent}- {TASK.format(number=number)}\n" for number in range(count))


def _chain(count: int) -> str:
    return _flow(f"chain{count}", _tasks(count))


def _for_each(count: int) -> str:
    kind = "io.kestra.plugin.core.flow.ForEach"
    loop = f"  - id: each\n    type: {kind}\n    values: {list(range(count))}\n    tasks:\n"
    return _flow(f"loop{count}", loop + _tasks(1, "      "))


def _timed(engine: Tiercel, text: str) -> Callable[[], None]:
    """Return the run of a flow, loaded before, to its end and to its whole execution read back."""
    flow = engine.load_flow(text)

    def run() -> None:
        execution = engine.run(flow)
        if execution.state != "SUCCESS":
            raise RuntimeError(f"{flow.id} ended in {execution.state}")

    return run


def _growing(what: str, sizes: tuple[int, ...], text: Callable[[int], str]) -> list[Row]:
    """Measure one trivial task at several sizes, beside the floor and beside the size of 100."""
    rows, each = [], {}
    with _engine() as engine, _commits() as commit:
        for size in sizes:
            run = _timed(engine, text(size))
            made = _transactions(engine, run)
            ours, floor = medians(TURNS, run, lambda made=made: commit(made))  # type: ignore[misc]
            each[size] = ours / size
            name = f"{what} of {size:,} trivial tasks, each"
            rows.append(beside(name, each[size], floor / size, f"{made:,} commits by SQLite alone"))
    for size in sizes[sizes.index(100) + 1 :]:
        name = f"{what} of {size:,}: each beside each of 100"
        rows.append(beside(name, each[size], each[100], "at 100"))
    return rows


def _transactions(engine: Tiercel, run: Callable[[], None]) -> int:
    """Return how many transactions a run makes, apart from those that look for mail."""
    counted = [0]
    write = Driver._write

    def counting(driver: Driver, *arguments: object) -> bool:
        counted[0] += 1
        return write(driver, *arguments)  # type: ignore[arg-type]

    Driver._write = counting  # type: ignore[assignment, method-assign]
    try:
        run()
    finally:
        Driver._write = write  # type: ignore[method-assign]
    return counted[0]


@contextmanager
def _commits() -> Iterator[Callable[[int], None]]:
    """Yield what writes as many small rows as it is told to SQLite, each in its own transaction."""
    with TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder, "floor.db"), isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("CREATE TABLE lines (id INTEGER PRIMARY KEY, text TEXT)")

        def commit(times: int) -> None:
            for _ in range(times):
                connection.execute("INSERT INTO lines (text) VALUES (?)", (EVENT,))

        yield commit
        connection.close()


def _parallel() -> list[Row]:
    """Measure many tasks at once, beside a bare pool of threads and beside the rate to reach."""
    kind = "io.kestra.plugin.core.flow.Parallel"
    tasks = _tasks(PARALLEL, "      ")
    text = _flow("parallel", f"  - id: all\n    type: {kind}\n    tasks:\n{tasks}")
    with _engine() as engine, ThreadPoolExecutor(32) as pool:
        ours, floor = medians(
            TURNS, _timed(engine, text), lambda: list(pool.map(str, range(PARALLEL)))
        )
    name = f"{PARALLEL:,} trivial tasks in parallel"
    return [
        beside(f"{name}, each", ours / PARALLEL, floor / PARALLEL, "threads alone"),
        _rate(name, PARALLEL, ours, "tasks"),
    ]


def _rate(what: str, count: int, seconds: float, unit: str) -> Row:
    rate, least = count / seconds, LEAST_PER_SECOND[unit]
    return Row(f"{what}, a second", f"{rate:,.0f}", f"{least:,} at least", rate / least)


def _executions() -> list[Row]:
    """Begin many executions of two tasks one after the other, and wait for all."""
    ended: dict[str, float] = {}

    def listen(execution: object, *_change: object) -> None:
        if execution.done:  # type: ignore[attr-defined]
            ended[execution.id] = time.perf_counter()  # type: ignore[attr-defined]

    with _engine(listener=listen) as engine:
        flow = engine.load_flow(_flow("two", _tasks(2)))
        begin = time.perf_counter()
        began = {}
        for _ in range(EXECUTIONS):
            asked = time.perf_counter()
            began[engine.start(flow)] = asked
        for execution_id in began:
            engine.wait(execution_id)
        total = time.perf_counter() - begin
    durations = [ended[execution_id] - asked for execution_id, asked in began.items()]
    slowest = statistics.quantiles(durations, n=100)[98]
    name = f"{EXECUTIONS} executions of two tasks at once"
    return [
        _rate(name, EXECUTIONS, total, "executions"),
        beside(f"{name}, 99 of 100 within", slowest, SLOWEST, "at most"),
    ]


def _scripts() -> Row:
    """Run one small Python script after the other, beside a bare loop that does."""
    body = "".join(f"      {line}\n" for line in FIBO.splitlines())
    kind = "io.kestra.plugin.scripts.python.Script"
    task = "  - id: t{}\n    type: {}\n    taskRunner: {{type: {}}}\n    script: |\n{}"
    runner = "io.kestra.plugin.core.runner.Process"
    tasks = "".join(task.format(number, kind, runner, body) for number in range(SCRIPTS))
    with _engine() as engine, TemporaryDirectory() as folder:
        file = Path(folder, "fibo.py")
        file.write_text(FIBO, encoding="utf-8")

        def loop() -> None:
            for _ in range(SCRIPTS):
                subprocess.run(["python3", file], check=True, capture_output=True)

        ours, floor = medians(TURNS, _timed(engine, _flow("fibo", tasks)), loop)
    return beside(f"{SCRIPTS} Python scripts, one after the other", ours, floor, "bare loop")


def _memory() -> Row:
    """Compare the memory of `tiercel run` with that of the imports it cannot do without."""
    hello = str(Path(__file__).parents[1] / "examples/flows/hello.yaml")
    with TemporaryDirectory() as home:
        ours = _peak(RUN + MEMORY, "run", hello, "--home", home)
    floor = _peak(FLOOR + MEMORY)
    what = "memory of tiercel run hello.yaml"
    return Row(what, f"{ours / 1024:.0f} MB", f"{floor / 1024:.0f} MB bare imports", ours / floor)


def _peak(program: str, *arguments: str) -> int:
    """Return the most memory that a program ever had, in KiB; Linux tells, and it tells us."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True
    )
    return int(done.stderr.split()[-1])


if __name__ == "__main__":
    from measure import table

    print(table(main()))
