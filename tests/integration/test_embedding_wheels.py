"""Embedding, for somebody who installs the wheels of the core and of what is needed only."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wheelhouse import ROOT, build_wheels, install, output_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NEEDED = ("core", "basic", "flow", "log")
EXAMPLES = ROOT / "examples/embedding"
PLAY_THE_APP = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from web_app import App
from tiercel import AsyncTiercel

async def main():
    app, asked, told, answers = App(AsyncTiercel()), asyncio.Queue(), asyncio.Queue(), []
    life = asyncio.create_task(app({"type": "lifespan"}, asked.get, told.put))
    await asked.put({"type": "lifespan.startup"})
    print((await told.get())["type"])
    async def send(message):
        answers.append(message)
    await app({"type": "http", "method": "POST", "path": "/greet/Ada"}, asked.get, send)
    print(answers[0]["status"])
    await asked.put({"type": "lifespan.shutdown"})
    await life

asyncio.run(main())
"""
USE_TYPES = """
from typing import assert_type
from tiercel import AsyncTiercel, Execution, State, Tiercel
from tiercel.model.execution import LogEntry

with Tiercel() as tiercel:
    assert_type(tiercel.run("flow.yaml"), Execution)
    assert_type(tiercel.logs("id"), list[LogEntry])

async def main() -> State:
    async with AsyncTiercel() as tiercel:
        assert_type(await tiercel.start("flow.yaml"), str)
        assert_type(await tiercel.logs("id", level="INFO"), list[LogEntry])
        await tiercel.pause("id")
        return (await tiercel.execution("id")).state
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with these wheels, and no database among them."""
    members = [ROOT / ("core" if name == "core" else f"plugins/{name}") for name in NEEDED]
    wheels = build_wheels(tmp_path_factory.mktemp("wheels"), members)
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment)
    install(environment / "bin/python", wheels)
    return environment / "bin/python"


@pytest.mark.parametrize("script", ["run_a_flow", "many_at_once", "follow_events", "own_parts"])
def test_the_examples_run_on_the_core_and_the_plugins_they_use(python: Path, script: str) -> None:
    said = output_of(python, "-I", "-W", "error", EXAMPLES / f"{script}.py")
    assert said.strip()


def test_the_web_application_begins_executions(python: Path) -> None:
    said = output_of(python, "-W", "error", "-c", PLAY_THE_APP, EXAMPLES)
    assert said.split() == ["lifespan.startup.complete", "202"]


def test_nothing_of_the_workspace_is_used(python: Path) -> None:
    said = output_of(python, "-c", "import tiercel, sys; print(tiercel.__file__, *sys.modules)")
    path, *modules = said.split()
    assert path.startswith(str(python.parents[1]))
    assert "tiercel.embed" not in modules


def test_what_programs_call_is_typed(python: Path, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(USE_TYPES)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", python]
    said = output_of(*mypy, "--cache-dir", tmp_path / "cache", tmp_path / "program.py")
    assert "no issues found" in said
