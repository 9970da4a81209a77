"""`tiercel run`, `resume` and `kill` as users start them: terminals, pipes, signals, processes."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import CommandLine

PROCESS = "    taskRunner: {type: io.kestra.plugin.core.runner.Process}\n"
HELLO = """
id: hello
namespace: company.team
inputs:
  - {id: name, type: STRING, defaults: World}
tasks:
  - {id: greet, type: io.kestra.plugin.core.log.Log, message: "Hello, {{ inputs.name }}!"}
outputs:
  - {id: greeted, type: STRING, value: "{{ inputs.name }}"}
"""
SLOW = f"""
id: slow
namespace: company.team
tasks:
  - id: nap
    type: io.kestra.plugin.scripts.shell.Commands
{PROCESS}    commands:
      - echo $$ > "{{{{ envs.folder }}}}/pid"
      - echo napping
      - sleep 300
"""


@pytest.fixture
def slow(tiercel: CommandLine) -> str:
    """A flow whose script notes its process id and then sleeps."""
    tiercel.env["ENV_FOLDER"] = str(tiercel.folder)
    return tiercel.file("slow.yaml", SLOW)


def pid_of_script(tiercel: CommandLine) -> int:
    """Wait for the script and return its process id."""
    file = tiercel.folder / "pid"
    tiercel.wait_for(lambda: file.exists() and file.read_text().strip(), "The script's start")
    return int(file.read_text())


def is_alive(pid: int) -> bool:
    """Return whether there is such a process, and it is no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def states(tiercel: CommandLine) -> list[str]:
    """Return the states of all executions, the newest first."""
    listed = json.loads(tiercel("executions", "list", "--json").stdout)
    return [each["state"]["current"] for each in listed]


# Where it writes


def test_results_go_to_standard_output_and_progress_to_standard_error(tiercel: CommandLine) -> None:
    done = tiercel("run", tiercel.file("flow.yaml", HELLO), "--input", "name=Ada")
    *outputs, execution, state = done.stdout.splitlines()
    assert json.loads("\n".join(outputs)) == {"greeted": "Ada"}
    assert re.fullmatch(r"Execution \w{22}", execution)
    assert state == "SUCCESS"
    assert re.search(r"^\d\d:\d\d:\d\d\.\d{3} INFO  greet \| Hello, Ada!$", done.stderr, re.M)
    assert re.search(r"^\S+ SUCCESS greet \(\d+\.\d{3} s\)$", done.stderr, re.M)


def test_quiet_shows_no_progress(tiercel: CommandLine) -> None:
    done = tiercel("run", tiercel.file("flow.yaml", HELLO), "-q")
    assert (done.returncode, done.stderr) == (0, "")


def test_json_is_the_execution_and_nothing_else(tiercel: CommandLine) -> None:
    done = tiercel("run", tiercel.file("flow.yaml", HELLO), "--json", "--label", "team=data")
    execution = json.loads(done.stdout)
    assert execution["state"]["current"] == "SUCCESS"
    assert {"key": "team", "value": "data"} in execution["labels"]


def test_a_flow_comes_from_standard_input(tiercel: CommandLine) -> None:
    done = tiercel("run", "-", "-q", stdin=HELLO)
    assert done.stdout.splitlines()[-1] == "SUCCESS"


def test_an_input_file_is_stored_for_the_flow(tiercel: CommandLine) -> None:
    flow = """
        id: reads
        namespace: company.team
        inputs:
          - {id: table, type: FILE}
        tasks:
          - {id: r, type: io.kestra.plugin.core.debug.Return, format: "{{ read(inputs.table) }}"}
        outputs:
          - {id: read, type: STRING, value: "{{ outputs.r.value }}"}
    """
    tiercel.file("table.csv", "a,b")
    done = tiercel(
        *("run", tiercel.file("flow.yaml", flow), "--input-file", "table=@table.csv", "--json")
    )
    assert json.loads(done.stdout)["outputs"] == {"read": "a,b"}


def test_an_input_that_the_flow_does_not_declare_is_a_warning(tiercel: CommandLine) -> None:
    done = tiercel("run", tiercel.file("flow.yaml", HELLO), "-i", "nmae=Ada")
    assert done.returncode == 0
    assert "WARN  | Input nmae was provided for workflow company.team.hello but isn't" in (
        done.stderr
    )


# Terminals


def on_a_terminal(
    tiercel: CommandLine, *arguments: str, **environment: str
) -> tuple[int, str, str]:
    """Run with standard error on a terminal; return exit code, standard output, what it showed."""
    tiercel.env.update({"TERM": "xterm-256color", **environment})
    ours, theirs = pty.openpty()
    process = tiercel.start(*arguments, stderr=theirs, stdin=subprocess.DEVNULL)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # EIO: the other end is closed
        while chunk := os.read(ours, 65536):
            shown += chunk
    os.close(ours)
    said = process.communicate(timeout=60)[0]
    return process.returncode, said, shown.decode()


def test_a_terminal_shows_a_live_table(tiercel: CommandLine) -> None:
    code, said, shown = on_a_terminal(tiercel, "run", tiercel.file("flow.yaml", HELLO))
    assert (code, said.splitlines()[-1]) == (0, "SUCCESS")
    assert "\x1b[32mSUCCESS" in shown
    text = re.sub(r"\x1b\[[?\d;]*\w", "", shown)
    assert re.search(r"Task +State +Duration", text)
    assert re.search(r"greet +SUCCESS +\d", text)
    assert "INFO  greet | Hello, World!" in text


def test_no_color_is_respected(tiercel: CommandLine) -> None:
    flow = tiercel.file("flow.yaml", HELLO)
    _, _, shown = on_a_terminal(tiercel, "run", flow, NO_COLOR="1")
    assert re.search(r"greet\s+SUCCESS", shown)
    assert not re.search(r"\x1b\[[\d;]*m", shown.replace("\x1b[0m", "").replace("\x1b[1m", ""))


def test_a_dumb_terminal_gets_plain_lines(tiercel: CommandLine) -> None:
    flow = tiercel.file("flow.yaml", HELLO)
    _, _, shown = on_a_terminal(tiercel, "run", flow, TERM="dumb")
    assert "INFO  greet | Hello, World!" in shown
    assert "\x1b" not in shown


HOSTILE = r"""
id: hostile
namespace: company.team
tasks:
  - id: log
    type: io.kestra.plugin.core.log.Log
    message: "\e[2J\e[31mred\e]0;title\a \x07bell\u009b5mblink\u202e \0nul\r\nnext"
"""


@pytest.mark.parametrize("live", [True, False], ids=["live", "plain"])
def test_a_hostile_message_does_not_reach_the_terminal(live: bool, tiercel: CommandLine) -> None:
    flow = tiercel.file("flow.yaml", HOSTILE)
    term = "xterm" if live else "dumb"
    code, _, shown = on_a_terminal(tiercel, "run", flow, TERM=term, NO_COLOR="1")
    assert code == 0
    assert "red \\x07bellblink\\u202e" in shown
    for forbidden in ("\x1b[2J", "\x1b]0;", "\x07", "\x9b", "\u202e", "\0"):
        assert forbidden not in shown


def test_a_hostile_message_does_not_come_back_from_the_log(tiercel: CommandLine) -> None:
    done = tiercel("run", tiercel.file("flow.yaml", HOSTILE), "--json", "-q")
    execution_id = json.loads(done.stdout)["id"]
    logs = tiercel("executions", "logs", execution_id).stdout
    assert re.search(r"log \| red \\x07bellblink\\u202e .nul\n    next\n$", logs)


def test_halves_of_characters_are_no_reason_to_fail(tiercel: CommandLine) -> None:
    flow = """
        id: half
        namespace: company.team
        tasks:
          - id: half
            type: io.kestra.plugin.core.debug.Return
            format: "{{ fromJson(read(inputs.file)).half }}"
          - {id: log, type: io.kestra.plugin.core.log.Log, message: "{{ outputs.half.value }}"}
        inputs:
          - {id: file, type: FILE}
    """
    tiercel.file("half.json", r'{"half": "a\ud800b"}')
    flow = tiercel.file("flow.yaml", flow)
    done = tiercel("run", flow, "--input-file", "file=half.json", "--json")
    execution = json.loads(done.stdout)
    assert execution["state"]["current"] == "SUCCESS", done.stderr
    assert execution["taskRunList"][0]["outputs"] == {"value": "a\ufffdb"}
    assert "INFO  log | a\ufffdb" in done.stderr


def test_a_reader_that_leaves_does_not_stop_the_run(tiercel: CommandLine) -> None:
    process = tiercel.start("run", tiercel.file("flow.yaml", HELLO))
    assert process.stderr is not None
    process.stderr.close()
    assert process.stdout is not None
    assert process.stdout.read().endswith("SUCCESS\n")
    process.stdout.close()
    assert process.wait(60) == 0


# Signals and time limits


def test_ctrl_c_kills_the_execution_and_its_process(tiercel: CommandLine, slow: str) -> None:
    process = tiercel.start("run", slow)
    pid = pid_of_script(tiercel)
    process.send_signal(signal.SIGINT)
    said, progress = process.communicate(timeout=30)
    assert (process.returncode, said.splitlines()[-1]) == (130, "KILLED")
    assert "press Ctrl-C again to leave it for `resume`" in progress
    assert states(tiercel) == ["KILLED"]
    assert not is_alive(pid)


STUBBORN = SLOW.replace("- sleep 300", "- trap '' TERM; while true; do sleep 0.1; done")


def test_a_second_ctrl_c_leaves_the_execution_for_resume(tiercel: CommandLine, slow: str) -> None:
    process = tiercel.start("run", tiercel.file("stubborn.yaml", STUBBORN))
    assert process.stderr is not None
    pid = pid_of_script(tiercel)
    process.send_signal(signal.SIGINT)
    while "Killing process" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    tiercel.wait_for(lambda: not is_alive(pid), "The script's end")
    assert states(tiercel) == ["KILLING"]
    resumed = tiercel("resume")
    assert (resumed.returncode, resumed.stdout.splitlines()[-1]) == (1, "KILLED")


def test_a_time_limit_kills_the_execution(tiercel: CommandLine, slow: str) -> None:
    began = time.monotonic()
    done = tiercel("run", slow, "--timeout", "1.5")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (124, "KILLED")
    assert 1.5 < time.monotonic() - began < 10
    assert "it took longer than 1.5 s" in done.stderr
    assert states(tiercel) == ["KILLED"]


def test_another_process_kills_a_running_execution(tiercel: CommandLine, slow: str) -> None:
    process = tiercel.start("run", slow, "-q")
    pid = pid_of_script(tiercel)
    execution_id = json.loads(tiercel("executions", "list", "--json").stdout)[0]["id"]
    began = time.monotonic()
    killed = tiercel("executions", "kill", execution_id)
    took = time.monotonic() - began
    assert (killed.returncode, killed.stdout) == (0, "KILLED\n")
    assert process.communicate(timeout=30)[0].splitlines()[-1] == "KILLED"
    assert process.returncode == 1
    assert not is_alive(pid)
    # The start of a program, and at most half a second until the other one looks.
    assert took < 3


def test_kill_ends_what_a_crash_interrupted(tiercel: CommandLine, slow: str) -> None:
    process = tiercel.start("run", slow, "-q")
    pid_of_script(tiercel)
    process.kill()
    process.communicate()
    execution_id = json.loads(tiercel("executions", "list", "--json").stdout)[0]["id"]
    killed = tiercel("executions", "kill", execution_id)
    assert (killed.returncode, killed.stdout) == (0, "KILLED\n")
    assert tiercel("resume").stderr == "Nothing to resume\n"


def test_kill_of_an_ended_execution_says_so(tiercel: CommandLine) -> None:
    done = tiercel("run", tiercel.file("flow.yaml", HELLO), "--json", "-q")
    killed = tiercel("executions", "kill", json.loads(done.stdout)["id"])
    assert (killed.returncode, killed.stdout) == (0, "SUCCESS\n")
    assert killed.stderr == "The execution had ended already\n"


def test_log_lines_show_while_their_task_runs(tiercel: CommandLine, slow: str) -> None:
    process = tiercel.start("run", slow)
    assert process.stderr is not None
    while "napping" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


# Secrets


SECRET = "s3cr?t/K€y+1"


def test_a_secret_is_nowhere_to_be_read(tiercel: CommandLine) -> None:
    flow = """
        id: tells
        namespace: company.team
        tasks:
          - id: logs
            type: io.kestra.plugin.core.log.Log
            message:
              - "raw {{ secret('KEY') }}"
              - "base64 {{ secret('KEY') | base64encode }}"
              - "inside base64 {{ ('user:' ~ secret('KEY')) | base64encode }}"
              - "url {{ secret('KEY') | urlencode }}"
              - "json {{ {'key': secret('KEY')} | toJson }}"
          - {id: out, type: io.kestra.plugin.core.debug.Return, format: "{{ secret('KEY') }}"}
          - {id: later, type: io.kestra.plugin.core.log.Log, message: "{{ outputs.out.value }}"}
          - {id: fails, type: io.kestra.plugin.core.execution.Fail,
             errorMessage: "no {{ secret('KEY') }}"}
        outputs:
          - {id: secret, type: STRING, value: "{{ secret('KEY') }}"}
    """
    tiercel.env["TIERCEL_SECRET_KEY"] = SECRET
    run = tiercel("run", tiercel.file("flow.yaml", flow), "--json")
    execution_id = json.loads(run.stdout)["id"]
    told = run.stdout + run.stderr
    for command in (
        *(("executions", each, execution_id) for each in ("show", "logs", "outputs")),
        *(("executions", each, execution_id, "--json") for each in ("show", "logs", "outputs")),
        ("eval", execution_id, "outputs.out"),
        ("eval", execution_id, "secret('KEY') | base64encode"),
    ):
        done = tiercel(*command)
        assert done.returncode == 0, done.stderr
        told += done.stdout + done.stderr
    assert told.count("******") > 15
    for form in (SECRET, "s3cr%3Ft", "czNjcj90", "NjcjMjci9L", "s3cr\\u003ft", "cjNjcj90"):
        assert form not in told
    assert not re.search("s3cr.{0,8}t", told)


# Floods


def test_a_flood_of_lines_keeps_memory_bounded(tiercel: CommandLine) -> None:
    flood = f"""
id: flood
namespace: company.team
tasks:
  - id: flood
    type: io.kestra.plugin.scripts.shell.Commands
{PROCESS}    commands:
      - yes 'a line of some length that says nothing of any interest' | head -n 300000
      - head -c 50000000 /dev/zero | tr '\\0' x
"""
    flow = tiercel.file("flow.yaml", flood)
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, "run", flow, "--json", "-q"],
        cwd=tiercel.folder,
        env=tiercel.env,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    *said, peak = measured.stdout.splitlines()
    execution = json.loads("\n".join(said))
    assert execution["state"]["current"] == "SUCCESS"
    assert int(peak) < 160_000


# Runs the command line in this interpreter; the last line is its peak memory in KiB.
MEASURE = """
import re
from pathlib import Path
from tiercel.cli.main import main
try:
    main()
finally:
    # Not `ru_maxrss`: that begins with the peak of whoever started the process.
    print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""
