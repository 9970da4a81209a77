"""The examples of embedding do what they say: scripts, a web application, a notebook."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from embedding import web_app

from tiercel import AsyncTiercel

FOLDER = Path(__file__).parents[2] / "examples/embedding"
SAID = {
    "run_a_flow": [
        "SUCCESS {'greeting': 'Hello, Ada!'}",
        "INFO Hello, Ada!",
        "Refused: Missing required input:name",
        "SUCCESS {'greeting': 'Hello, Grace!'}",
    ],
    "many_at_once": ["328350", "Too slow: KILLED"],
    "follow_events": ["extract SUCCESS", "load FAILED", "nightly failed: The disk is full"],
    "own_parts": ["SUCCESS {'price': 19.5} 2024-01-01", "Asking for LAMP with ******"],
}


def play_python(folder, *arguments):
    """Run Python in a folder, where it keeps what it keeps, and return what became of it."""
    env = {**os.environ, "HOME": str(folder), "IPYTHONDIR": str(folder / "ipython")}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=100
    )


def test_every_script_is_tried():
    scripts = {path.stem for path in FOLDER.glob("*.py")} - {"web_app"}
    assert scripts == SAID.keys()


@pytest.mark.parametrize("script", SAID)
def test_a_script_says_what_it_should(script, tmp_path):
    done = play_python(tmp_path, "-W", "error", FOLDER / f"{script}.py")
    assert (done.returncode, done.stderr) == (0, "")
    said = iter(done.stdout.splitlines())
    assert [line for line in SAID[script] if line not in said] == []


# The web application, played by its server


class Server:
    """Asks an ASGI application, as uvicorn would."""

    def __init__(self, app):
        self.app = app
        self.asked = asyncio.Queue()
        self.told = asyncio.Queue()

    async def __aenter__(self):
        life = self.app({"type": "lifespan"}, self.asked.get, self.told.put)
        self.life = asyncio.create_task(life)
        await self.asked.put({"type": "lifespan.startup"})
        assert (await self.told.get())["type"] == "lifespan.startup.complete"
        return self

    async def __aexit__(self, *exc_info):
        await self.asked.put({"type": "lifespan.shutdown"})
        await self.life
        assert (await self.told.get())["type"] == "lifespan.shutdown.complete"

    async def __call__(self, method, path):
        """Return the status and the text of an answer."""
        sent = []

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path}
        await self.app(scope, self.asked.get, send)
        start, *parts = sent
        return start["status"], b"".join(part.get("body", b"") for part in parts).decode()


def play(home, requests):
    """Return what requests, made one after the other, are answered; `ID` is the last execution."""

    async def main():
        answers, execution_id = [], ""
        app = web_app.App(AsyncTiercel(home, environ={}))
        async with Server(app) as server:
            for method, path in requests:
                status, text = await server(method, path.replace("ID", execution_id))
                execution_id = json.loads(text)["id"] if status == 202 else execution_id
                answers.append((status, text))
        return answers

    return asyncio.run(asyncio.wait_for(main(), 60))


def test_the_web_application_tells_events_as_they_happen(tmp_path):
    begun, events, shown = play(
        tmp_path,
        [("POST", "/greet/Ada"), ("GET", "/executions/ID/events"), ("GET", "/executions/ID")],
    )
    names = [line for line in events[1].splitlines() if line.startswith("event: ")]
    assert (begun[0], events[0], shown[0]) == (202, 200, 200)
    assert (names[0], names[-1]) == ("event: ExecutionCreated", "event: ExecutionEnded")
    assert '{"level": "INFO", "message": "Hello, Ada!"}' in events[1]
    assert json.loads(shown[1])["state"] == "SUCCESS"


def test_the_web_application_says_what_it_does_not_know(tmp_path):
    answers = play(tmp_path, [("GET", "/executions/nope/events"), ("GET", "/nope")])
    assert [status for status, _ in answers] == [404, 404]


# The notebook


RUN_NOTEBOOK = """
import sys
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


def outputs(cell, kind="text/html"):
    """Return what is shown below a cell."""
    return ["".join(each["data"].get(kind, "")) for each in cell["outputs"] if "data" in each]


@pytest.mark.slow
def test_the_notebook_runs_and_shows_what_it_should(tmp_path):
    ran = tmp_path / "ran.ipynb"
    done = play_python(tmp_path, "-c", RUN_NOTEBOOK, FOLDER / "notebook.ipynb", ran)
    assert done.returncode == 0, done.stderr
    cells = [cell for cell in json.loads(ran.read_text())["cells"] if cell["cell_type"] == "code"]
    _, flow, live, values, table, awaited, _ = cells
    assert "ForEach" in outputs(flow)[0]
    assert "SUCCESS" in outputs(live)[0]
    assert all(f"count [{city}]" in outputs(live)[0] for city in ("Oslo", "Bergen", "Tromsø"))
    assert outputs(values, "text/plain") == ["{'title': 'Report of Friday'}"]
    assert "company.team.report" in outputs(table)[0]
    assert "Report of &lt;b&gt;Sunday&lt;/b&gt;" in outputs(awaited)[0]


IN_IPYTHON = """
import sys
import time
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from tiercel.plugin import Output, Task

class Wait(Task[Output]):
    def run(self, ctx):
        while "RUNNING" not in "".join(pages()):
            time.sleep(0.01)

def pages():
    return [each.data["text/html"] for each in shown.outputs if "text/html" in each.data]

cells = {
    "Tiercel": '''
from tiercel import Tiercel
with Tiercel(environ={}) as tiercel:
    tiercel.register("task", "test.Wait", Wait)
    execution = tiercel.run(flow, display=True)
''',
    "AsyncTiercel": '''
from tiercel import AsyncTiercel
async with AsyncTiercel(environ={}) as tiercel:
    tiercel.register("task", "test.Wait", Wait)
    execution = await tiercel.run(flow, display=True)
''',
}
shell = InteractiveShell.instance()
shell.push({"Wait": Wait, "flow": "id: f\\nnamespace: a.b\\ntasks: [{id: w, type: test.Wait}]"})
with capture_output() as shown:
    result = shell.run_cell(cells[sys.argv[1]], store_history=False)
result.raise_error()
print("SUCCESS" in pages()[-1])
"""


@pytest.mark.parametrize("engine", ["Tiercel", "AsyncTiercel"])
def test_an_execution_is_drawn_anew_while_it_runs(engine, tmp_path):
    done = play_python(tmp_path, "-c", IN_IPYTHON, engine)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "True"
