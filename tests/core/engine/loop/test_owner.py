from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tiercel.engine.loop.owner import EngineLock, is_dead

HOLD = """
import sys
from pathlib import Path
from tiercel.engine.loop.owner import EngineLock
lock = EngineLock(Path(sys.argv[1]), "other")
print("held", flush=True)
sys.stdin.read()
"""


def test_an_engine_that_was_never_here_is_not_dead(tmp_path: Path) -> None:
    assert not is_dead(tmp_path, "stranger")


def test_a_living_engine_is_not_dead_and_a_killed_one_is(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        engine.stdout.readline()
        assert not is_dead(tmp_path, "other")
        engine.kill()
        engine.wait()
    assert is_dead(tmp_path, "other")


def test_an_engine_that_ends_well_leaves_no_file(tmp_path: Path) -> None:
    lock = EngineLock(tmp_path / "engines", "ours")
    assert [path.name for path in (tmp_path / "engines").iterdir()] == ["ours.lock"]
    lock.release()
    assert list((tmp_path / "engines").iterdir()) == []


def test_a_program_that_the_engine_starts_does_not_keep_it_alive(tmp_path: Path) -> None:
    lock = EngineLock(tmp_path, "ours")
    program = [sys.executable, "-c", "print('here', flush=True); input()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(program, close_fds=False, **pipes) as other:
        assert other.stdout is not None
        other.stdout.readline()
        (tmp_path / "copy").hardlink_to(tmp_path / "ours.lock")
        lock.release()
        (tmp_path / "copy").rename(tmp_path / "ours.lock")
        assert is_dead(tmp_path, "ours")
        other.communicate(b"\n")
