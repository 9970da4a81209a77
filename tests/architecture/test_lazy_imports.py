"""Start-up does not grow: a command imports what it needs, and nothing that it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HELLO = str(ROOT / "examples/flows/hello.yaml")

# Runs the command line in a new interpreter and lists on its last line what was imported.
PROGRAM = """
import sys
sys.argv = ["tiercel", *sys.argv[1:]]
from tiercel.cli.main import main
try:
    main()
finally:
    print()
    print(*sys.modules)
"""


def modules_after(*arguments: str, home: Path) -> set[str]:
    """Return the names of all modules in memory after a `tiercel` command that succeeded."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={"TIERCEL_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


@pytest.fixture(scope="module")
def help_modules(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return modules_after("--help", home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def run_modules(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return modules_after("run", HELLO, home=tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("library", ["pydantic", "lark", "pluggy", "yaml", "sqlite3", "asyncio"])
def test_help_does_not_import(library: str, help_modules: set[str]) -> None:
    assert library not in help_modules


def test_help_imports_no_plugin(help_modules: set[str]) -> None:
    assert {name for name in help_modules if name.startswith("tiercel_")} == set()


@pytest.mark.parametrize(
    "library",
    [
        *("httpx", "sqlalchemy", "duckdb", "jq", "babel", "asyncio"),
        *("boto3", "google", "azure", "smart_open", "dulwich"),
    ],
)
def test_a_run_of_log_tasks_does_not_import(library: str, run_modules: set[str]) -> None:
    assert library not in run_modules


def test_a_run_of_log_tasks_imports_no_more_of_a_plugin_than_its_hooks(
    run_modules: set[str],
) -> None:
    plugins = {name for name in run_modules if name.startswith("tiercel_")}
    # What the run uses, and the tables from which two plugins' hooks list their types.
    tables = ("tiercel_notifications.services", "tiercel_scripts.languages")
    used = ("tiercel_log", "tiercel_sql", *tables)
    idle = {name for name in plugins if not name.startswith(used) and "." in name}
    assert {name for name in idle if not name.endswith(".hooks")} == set()


@pytest.mark.parametrize("room", ["tiercel.expression.filters.", "tiercel.expression.functions."])
def test_a_run_imports_no_filter_or_function_that_it_does_not_call(
    room: str, run_modules: set[str]
) -> None:
    assert {name for name in run_modules if name.startswith(room)} == set()


def test_a_run_imports_the_inputs_that_its_flow_declares(run_modules: set[str]) -> None:
    rooms = {name for name in run_modules if name.startswith("tiercel.model.inputs.")}
    assert rooms == {"tiercel.model.inputs.text"}


@pytest.mark.parametrize("module", ["tiercel.repository.memory", "tiercel.storage.memory"])
def test_a_durable_run_imports_no_part_that_is_in_memory(
    module: str, run_modules: set[str]
) -> None:
    assert module not in run_modules
