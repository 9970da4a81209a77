"""What every task runner must do.

from tiercel.testing import TaskRunnerContract

class TestMyRunner(TaskRunnerContract):
    image = "alpine:3"                                      # for runners that use images

    @pytest.fixture
    def runner(self):
        return {"type": "com.acme.runner.Remote"}           # what flows write as `taskRunner`
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from pydantic import PrivateAttr

from tiercel._ids import RandomIds
from tiercel.model.execution import State
from tiercel.plugin.runner import RunnerCommand, RunnerResult, TaskRunner
from tiercel.plugin.task import Output, Task
from tiercel.testing.contracts._declaration import DeclarationTests
from tiercel.testing.runner import RunningTask, TaskResult, start_task

if TYPE_CHECKING:
    from tiercel.plugin.context import RunContext
    from tiercel.plugin.registry import Registry

__all__ = ["TaskRunnerContract"]


class _Command(Task[Output]):
    """Has a task runner run a command."""

    _runner: TaskRunner = PrivateAttr()
    _command: Callable[[Path], RunnerCommand] = PrivateAttr()
    _before: Callable[[Path], None] = PrivateAttr()
    _done: Callable[[RunnerResult, Path], None] = PrivateAttr()

    def run(self, ctx: RunContext) -> None:
        """Run it."""
        folder = ctx.working_dir
        self._before(folder)
        result = self._runner.run(ctx, self._command(folder))
        self._done(result, folder)


@dataclass
class _Ended:
    """What a command came to."""

    lines: list[tuple[bool, str]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    result: RunnerResult | None = None
    task: TaskResult | None = None

    @property
    def code(self) -> int:
        """Its exit code."""
        assert self.result is not None, self.task and (self.task.error, self.task.logs)
        return self.result.exit_code

    @property
    def out(self) -> list[str]:
        """The lines of its standard output."""
        return [line for is_error, line in self.lines if not is_error]

    @property
    def err(self) -> list[str]:
        """The lines of its standard error."""
        return [line for is_error, line in self.lines if is_error]


class TaskRunnerContract(DeclarationTests):
    """Tests for a `TaskRunner` of commands; a subclass gives a fixture `runner`: its properties.

    What it runs needs `/bin/sh` and the usual programs beside it.
    """

    kind: ClassVar[str] = "task runner"
    image: ClassVar[str | None] = None
    """The image that commands run in, for runners that use one."""
    patience: ClassVar[float] = 30
    """Seconds that a command may take to begin, and to end once it is to stop."""

    @pytest.fixture
    def written(self, runner: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the flow says."""
        return runner

    @pytest.fixture
    def loaded(self, registry: Registry, runner: Mapping[str, Any]) -> TaskRunner:
        """Return the runner."""
        cls: type[TaskRunner] = registry.load("task runner", runner["type"])
        return cls.model_validate(dict(runner), context={"resolve": registry.resolve})

    # Its end

    @pytest.mark.parametrize("code", [0, 1, 3, 255])
    def test_the_exit_code_comes_back(self, loaded: TaskRunner, code: int) -> None:
        assert self._shell(loaded, f"exit {code}").code == code

    def test_a_signal_is_128_and_its_number(self, loaded: TaskRunner) -> None:
        # The first process of a container cannot be ended so.
        script = "kill -9 $$" if loaded.is_local else "sh -c 'kill -9 $$'; exit $?"
        assert self._shell(loaded, script).code == 137

    def test_a_program_that_is_not_there_fails_for_good(self, loaded: TaskRunner) -> None:
        ended = self._run(loaded, ["/there/is/no/such/program"])
        assert ended.task is not None
        if ended.result is None:
            assert (ended.task.state, ended.task.retryable) == (State.FAILED, False)
        else:
            assert ended.code != 0

    # What it says

    def test_each_line_comes_as_it_is(self, loaded: TaskRunner) -> None:
        ended = self._shell(loaded, "echo one; echo; echo '  two  '; printf three")
        assert ended.out == ["one", "", "  two  ", "three"]

    def test_lines_tell_which_stream_they_are_of(self, loaded: TaskRunner) -> None:
        ended = self._shell(loaded, "echo out; echo err >&2")
        assert (ended.out, ended.err) == (["out"], ["err"])

    def test_lines_come_while_the_command_runs(self, loaded: TaskRunner, tmp_path: Path) -> None:
        came = threading.Event()
        running, _ = self._start(
            loaded, ["/bin/sh", "-c", "echo now; exec sleep 60"], on_line=lambda _line: came.set()
        )
        assert came.wait(self.patience), "Nothing is said before the end"
        running.kill()
        running.result(self.patience)

    def test_many_and_long_lines_are_all_there(self, loaded: TaskRunner) -> None:
        counted = "i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done"
        doubled = "x=x; i=0; while [ $i -lt 17 ]; do x=$x$x; i=$((i+1)); done; printf %s $x"
        script = f"{counted}; {doubled}"
        ended = self._shell(loaded, script)
        assert ended.out[:2000] == [str(number) for number in range(2000)]
        assert sum(map(len, ended.out[2000:])) == 2**17

    def test_any_bytes_are_lines_of_some_kind(self, loaded: TaskRunner) -> None:
        ended = self._shell(loaded, r"printf 'a\377b\ngr\303\274n\n'")
        assert ended.code == 0
        assert [line[0] + line[-1] for line in ended.out] == ["ab", "gn"]
        assert ended.out[1] == "grün"

    # What it is given

    def test_arguments_arrive_as_they_are(self, loaded: TaskRunner) -> None:
        hard = ["a b", "$HOME", "'\"", "*", "", "äöü", "-n"]
        script = 'for each in "$@"; do printf "<%s>\\n" "$each"; done'
        ended = self._run(loaded, ["/bin/sh", "-c", script, "sh", *hard])
        assert ended.out == [f"<{each}>" for each in hard]

    def test_environment_variables_arrive_as_they_are(self, loaded: TaskRunner) -> None:
        env = {"CONTRACT": "a b $HOME 'äöü\"", "EMPTY": ""}
        ended = self._shell(loaded, 'echo "$CONTRACT|${EMPTY-unset}"', env=env)
        assert ended.out == [f"{env['CONTRACT']}|"]

    def test_it_runs_in_the_folder_with_the_files(self, loaded: TaskRunner) -> None:
        files = {"in.txt": b"hello\n", "below/data.bin": bytes(range(256))}
        ended = self._shell(loaded, "cat in.txt; echo $(($(wc -c < below/data.bin)))", files=files)
        assert ended.out == ["hello", "256"]

    def test_files_that_it_makes_come_back(self, loaded: TaskRunner) -> None:
        script = "mkdir made; printf 'a\\0b' > made/out.bin; echo more >> in.txt; : > empty"
        ended = self._shell(loaded, script, files={"in.txt": b"old\n"})
        assert ended.files["made/out.bin"] == b"a\0b"
        assert ended.files["in.txt"] == b"old\nmore\n"
        assert ended.files["empty"] == b""

    def test_files_come_back_from_a_command_that_fails(self, loaded: TaskRunner) -> None:
        ended = self._shell(loaded, "echo some > out.txt; exit 3")
        assert (ended.code, ended.files["out.txt"]) == (3, b"some\n")

    def test_standard_input_is_empty(self, loaded: TaskRunner) -> None:
        assert self._shell(loaded, "cat; echo done").out == ["done"]

    def test_runs_beside_each_other_do_not_meet(self, loaded: TaskRunner) -> None:
        script = "echo $NUMBER > mine; sleep 0.3; cat mine; echo $(($(ls | wc -l)))"
        started = [
            self._start(loaded, ["/bin/sh", "-c", script], env={"NUMBER": str(number)})
            for number in range(3)
        ]
        for number, (running, ended) in enumerate(started):
            running.result(self.patience)
            assert ended.out == [str(number), "1"]

    # Stopped

    def test_a_kill_ends_it(self, loaded: TaskRunner) -> None:
        running = self._killed(loaded, "echo ready; exec sleep 600")[0]
        assert running.result(self.patience).state is State.KILLED

    def test_a_kill_ends_all_that_it_started(self, loaded: TaskRunner) -> None:
        script = "sh -c 'sh -c \"echo \\$\\$; exec sleep 600\" & echo $$; wait' & echo $$; wait"
        running, ended = self._killed(loaded, script, lines=3)
        assert running.result(self.patience).state is State.KILLED
        pids = [int(line) for line in ended.out]
        deadline = time.monotonic() + self.patience
        while left := [pid for pid in pids if self.is_running(loaded, pid)]:
            assert time.monotonic() < deadline, f"{left} of {pids} still run"
            time.sleep(0.02)

    def test_who_ignores_a_request_to_end_is_ended(self, loaded: TaskRunner) -> None:
        script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
        running = self._killed(loaded, script)[0]
        assert running.result(self.patience).state is State.KILLED

    def is_running(self, runner: TaskRunner, pid: int) -> bool:
        """Return whether a process that a command started still runs.

        Override it for a runner whose processes are not this machine's.
        """
        if not runner.is_local:
            pytest.skip("Override `is_running` to have it looked for")
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return not Path("/proc/self").exists() and _answers(pid)
        except ProcessLookupError:
            return False
        return state not in "ZX"

    # How it is run

    def _shell(self, loaded: TaskRunner, script: str, **how: Any) -> _Ended:
        return self._run(loaded, ["/bin/sh", "-c", script], **how)

    def _run(self, loaded: TaskRunner, argv: list[str], **how: Any) -> _Ended:
        running, ended = self._start(loaded, argv, **how)
        ended.task = running.result(self.patience)
        return ended

    def _killed(
        self, loaded: TaskRunner, script: str, lines: int = 1
    ) -> tuple[RunningTask, _Ended]:
        """Start a script, and tell it to stop once it has said so many lines."""
        said = threading.Semaphore(0)
        running, ended = self._start(
            loaded, ["/bin/sh", "-c", script], on_line=lambda _line: said.release()
        )
        for _ in range(lines):
            assert said.acquire(timeout=self.patience), f"It says {ended.lines} only"
        running.kill()
        return running, ended

    def _start(
        self,
        loaded: TaskRunner,
        argv: list[str],
        *,
        env: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        on_line: Callable[[str], None] = lambda _line: None,
    ) -> tuple[RunningTask, _Ended]:
        ended = _Ended()

        def said(is_error: bool, line: str) -> None:
            ended.lines.append((is_error, line))
            on_line(line)

        def done(result: RunnerResult, folder: Path) -> None:
            ended.result = result
            found = (path for path in folder.rglob("*") if path.is_file())
            ended.files = {str(each.relative_to(folder)): each.read_bytes() for each in found}

        task = _Command(id="contract", type="contract")
        task._runner = loaded
        task._before = lambda folder: _write(folder, files or {})
        task._command = lambda folder: RunnerCommand(argv, folder, env or {}, self.image, said)
        task._done = done
        # Containers are named by what runs in them.
        one = {"id": RandomIds().new(), "attemptsCount": 0}
        return start_task(task, variables={"execution": one, "taskrun": one}), ended


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
