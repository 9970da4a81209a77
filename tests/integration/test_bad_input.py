"""Bad input: what is wrong, where, what would be right; an exit code by kind; a true record."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import CommandLine

HEAD = "id: bad\nnamespace: company.team\ntasks:\n"
LOG = HEAD + "  - id: t\n    type: io.kestra.plugin.core.log.Log\n"
SHELL = (
    HEAD + "  - id: t\n    type: io.kestra.plugin.scripts.shell.Commands\n"
    "    taskRunner: {type: io.kestra.plugin.core.runner.Process}\n"
)
REQUEST = HEAD + "  - id: t\n    type: io.kestra.plugin.core.http.Request\n"

INVALID = {
    "unknown type": (
        HEAD + "  - id: t\n    type: io.kestra.plugin.core.log.Logg\n",
        "flow.yaml:5:11: Invalid type: io.kestra.plugin.core.log.Logg (t.type); "
        "did you mean 'io.kestra.plugin.core.log.Log'?",
    ),
    "unknown property": (
        LOG + "    message: hi\n    levle: WARN\n",
        'flow.yaml:7:5: Unrecognized field "levle"',
    ),
    "its nearest name": (LOG + "    message: hi\n    levle: WARN\n", "did you mean 'level'?"),
    "wrong type": (LOG + "    message: hi\n    disabled: maybe\n", "flow.yaml:7:15: "),
    "missing property": (LOG, "flow.yaml:4:5: must not be null (t.message)"),
    "missing id": ("namespace: a\ntasks: []\n", "flow.yaml:1:1: must not be null (id)"),
    "broken YAML": (LOG + "   message: [\n", "flow.yaml:6:4: YAML parsing error"),
    "duplicate key": (LOG + "    message: a\n    message: b\n", "flow.yaml:7:5: "),
    "no mapping": ("- a\n- b\n", "flow.yaml:1:1: "),
    "empty file": ("", "flow.yaml:1:1: "),
}


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_flow_is_told_with_its_place_and_begins_nothing(
    case: str, tiercel: CommandLine
) -> None:
    text, message = INVALID[case]
    done = tiercel("run", tiercel.file("flow.yaml", text))
    assert message in done.stderr
    assert (done.returncode, done.stdout) == (3, "")
    assert json.loads(tiercel("executions", "list", "--json").stdout) == []


def test_a_type_of_a_package_that_is_not_installed_names_the_package(tiercel: CommandLine) -> None:
    tiercel.env["TIERCEL_LOAD_PLUGINS"] = "log,sql"
    done = tiercel("run", tiercel.file("flow.yaml", REQUEST + "    uri: http://127.0.0.1\n"))
    assert "flow.yaml:5:11: Invalid type: io.kestra.plugin.core.http.Request" in done.stderr
    assert "install it with `pip install tiercel-http`" in done.stderr
    assert done.returncode == 3


def failed(tiercel: CommandLine, text: str) -> tuple[dict[str, Any], str]:
    """Run a flow that fails; return its execution as it is recorded, and standard error."""
    done = tiercel("run", tiercel.file("flow.yaml", text), "--json")
    assert done.returncode == 1, done.stderr
    execution = json.loads(done.stdout)
    assert execution["state"]["current"] == "FAILED"
    shown = json.loads(tiercel("executions", "show", execution["id"], "--json").stdout)
    assert shown == execution
    assert [each["state"]["current"] for each in shown["taskRunList"]] == ["FAILED"]
    return shown, done.stderr


def test_a_missing_variable_fails_its_task_and_names_the_nearest(tiercel: CommandLine) -> None:
    text = "inputs:\n  - {id: name, type: STRING, defaults: Ada}\n" + LOG
    _, said = failed(tiercel, text + "    message: Hello {{ inputs.nmae }}\n")
    assert "Unable to find `nmae` used in the expression `Hello {{ inputs.nmae }}`" in said
    assert "did you mean `name`?" in said


def test_an_expression_that_does_not_parse_is_told_with_a_caret(tiercel: CommandLine) -> None:
    _, said = failed(tiercel, LOG + '    message: "{{ 1 + }}"\n')
    assert "Unexpected '}}'" in said
    assert "\n      {{ 1 + }}\n             ^\n" in said


def test_an_unreachable_host_is_named(tiercel: CommandLine) -> None:
    _, said = failed(tiercel, REQUEST + "    uri: http://127.0.0.1:1/products\n")
    assert "Connect to http://127.0.0.1:1 failed: Connection refused" in said


@pytest.fixture
def broken_server() -> Iterator[str]:
    """The address of a server that answers every request with 500."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(500)

        def log_message(self, *_arguments: object) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_error_of_a_server_is_told_with_its_code(
    tiercel: CommandLine, broken_server: str
) -> None:
    _, said = failed(tiercel, REQUEST + f"    uri: {broken_server}\n")
    assert "500" in said


def test_a_failing_script_tells_its_exit_code(tiercel: CommandLine) -> None:
    _, said = failed(tiercel, SHELL + "    commands: [echo so far so good, exit 3]\n")
    assert "so far so good" in said
    assert "Command failed with exit code 3" in said


def test_a_task_that_exceeds_its_timeout_is_ended(tiercel: CommandLine) -> None:
    _, said = failed(tiercel, SHELL + "    timeout: PT0.3S\n    commands: [sleep 60]\n")
    assert "Timeout after 00:00:00.300" in said


def test_a_timeout_of_centuries_is_a_timeout(tiercel: CommandLine) -> None:
    text = SHELL + "    timeout: P300000D\n    commands: [echo done]\n"
    assert tiercel("run", tiercel.file("flow.yaml", text)).returncode == 0


# Plugins


GOOD = """
    from tiercel.plugin import Output, Task, hookimpl

    @hookimpl
    def register_tasks():
        return {"com.example.Good": f"{__name__}:Good"}

    class Good(Task[Output]):
        def run(self, ctx):
            ctx.log("INFO", "good")
"""
BROKEN = {
    "fails on import": ("import no_such_module", "ModuleNotFoundError"),
    "calls sys.exit": ("import sys; sys.exit(5)", "SystemExit: 5"),
    "has an unknown hook": (
        "from tiercel.plugin import hookimpl\n@hookimpl\ndef register_taks(): return {}",
        "register_taks",
    ),
    "has a hook that raises": (
        "from tiercel.plugin import hookimpl\n@hookimpl\ndef register_tasks(): raise OSError('x')",
        "register_tasks: OSError: x",
    ),
    "has a hook that exits": (
        "from tiercel.plugin import hookimpl\n@hookimpl\ndef register_tasks(): raise SystemExit(1)",
        "register_tasks: SystemExit: 1",
    ),
    "has a hook that lists no types": (
        "from tiercel.plugin import hookimpl\n@hookimpl\ndef register_tasks(): return 42",
        "register_tasks: AttributeError",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_told_by_name_and_the_others_work(
    case: str, tiercel: CommandLine
) -> None:
    source, reason = BROKEN[case]
    tiercel.plugin("strange", source)
    tiercel.plugin("good", GOOD)
    listed = tiercel("plugins", "list")
    assert "broken: strange (strange): " in listed.stderr
    assert reason in listed.stderr
    assert "com.example.Good" in listed.stdout
    flow = tiercel.file("flow.yaml", HEAD + "  - {id: t, type: com.example.Good}\n")
    assert tiercel("run", flow).returncode == 0


def test_a_type_unknown_because_of_a_broken_plugin_is_told_so(tiercel: CommandLine) -> None:
    tiercel.plugin("strange", "import no_such_module")
    flow = tiercel.file("flow.yaml", HEAD + "  - {id: t, type: com.example.Strange}\n")
    done = tiercel("run", flow)
    assert "Plugin strange is broken: ModuleNotFoundError" in done.stderr
    assert done.returncode == 3


@pytest.mark.parametrize("module", ["raise OSError('disk')", "raise SystemExit(2)"])
def test_a_task_whose_module_fails_is_told_where_the_flow_names_it(
    module: str, tiercel: CommandLine
) -> None:
    hooks = GOOD.split("class")[0].replace("{__name__}:Good", "inner:Good")
    tiercel.plugin("outer", hooks)
    (tiercel.folder / "site" / "inner.py").write_text(module)
    flow = tiercel.file("flow.yaml", HEAD + "  - {id: t, type: com.example.Good}\n")
    done = tiercel("run", flow)
    assert "flow.yaml:4:" in done.stderr
    assert "Plugin outer 1.0 cannot provide 'com.example.Good'" in done.stderr
    assert done.returncode == 3


def test_a_type_that_two_plugins_claim_is_refused_and_the_rest_works(tiercel: CommandLine) -> None:
    tiercel.plugin("one", GOOD)
    tiercel.plugin("two", GOOD)
    flow = tiercel.file("flow.yaml", HEAD + "  - {id: t, type: com.example.Good}\n")
    done = tiercel("run", flow)
    assert "Both one and two bring the task 'com.example.Good'; uninstall one of them" in (
        done.stderr
    )
    assert done.returncode == 3
    other = tiercel.file("other.yaml", LOG + "    message: hi\n")
    assert tiercel("run", other).returncode == 0
    assert "Both one and two bring" in tiercel("plugins", "list").stderr


MISBEHAVED = {
    "raises": ("raise ValueError('bad day')", "ValueError: bad day"),
    "exits": ("import sys; sys.exit(7)", "SystemExit: 7"),
    "returns nonsense": ("return {'a': 1}", "The task returned a dict, not its Output"),
    "has an error without text": (
        "class Sad(Exception):\n                def __str__(self): raise OSError\n"
        "            raise Sad",
        "Sad",
    ),
}


@pytest.mark.parametrize("case", MISBEHAVED)
def test_a_task_that_misbehaves_fails_and_takes_nothing_else_down(
    case: str, tiercel: CommandLine
) -> None:
    body, message = MISBEHAVED[case]
    tiercel.plugin("rude", GOOD.replace('ctx.log("INFO", "good")', body))
    _, said = failed(tiercel, HEAD + "  - {id: t, type: com.example.Good}\n")
    assert f"ERROR t | {message}" in said


# The home folder


def test_a_database_of_a_newer_program_is_refused(tiercel: CommandLine) -> None:
    flow = tiercel.file("flow.yaml", LOG + "    message: hi\n")
    assert tiercel("run", flow).returncode == 0
    database = sqlite3.connect(tiercel.folder / "home" / "tiercel.db")
    database.execute("UPDATE tiercel_schema SET version = version + 1000")
    database.commit()
    database.close()
    done = tiercel("run", flow)
    assert "newer" in done.stderr
    assert (done.returncode, done.stdout) == (6, "")


def test_a_home_folder_that_cannot_be_used_is_named(tiercel: CommandLine) -> None:
    tiercel.env["TIERCEL_HOME"] = str(tiercel.folder / tiercel.file("file", "no folder"))
    done = tiercel("executions", "list")
    assert f"Error: Cannot use the home folder '{tiercel.folder}/file'" in done.stderr
    assert done.returncode == 6


def test_a_damaged_database_is_named(tiercel: CommandLine) -> None:
    (tiercel.folder / "home").mkdir()
    tiercel.file("home/tiercel.db", "this is no database at all, " * 50)
    done = tiercel("executions", "list")
    assert "tiercel.db': file is not a database" in done.stderr
    assert done.returncode == 6


def test_a_home_folder_may_have_any_name(tiercel: CommandLine) -> None:
    flow = tiercel.file("flow.yaml", LOG + "    message: hi\n")
    home = str(tiercel.folder / "50%20 #1?&=é")
    assert tiercel("run", flow, "--home", home).returncode == 0
    listed = json.loads(tiercel("executions", "list", "--json", "--home", home).stdout)
    assert len(listed) == 1
