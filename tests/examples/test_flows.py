"""The example flows do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from products_api import server

from tiercel import Tiercel
from tiercel.testing.flow_tests.suite import load_suite

ROOT = Path(__file__).parents[2]
YAML = sorted((ROOT / "examples/flows").glob("*.yaml"))
SUITES = [path for path in YAML if path.name.endswith(".test.yaml")]
FLOWS = [path for path in YAML if path not in SUITES]


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_an_example_loads_without_a_warning(path: Path) -> None:
    with Tiercel() as tiercel:
        flow = tiercel.load_flow(path.read_text(encoding="utf-8"), str(path))
    assert flow.id == path.stem


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_the_tests_of_an_example_pass(path: Path) -> None:
    results = [case.run() for case in load_suite(path)]
    assert {result.case.name: result.text for result in results if result.outcome != "passed"} == {}


def test_hello_greets_the_one_named() -> None:
    with Tiercel() as tiercel:
        execution = tiercel.run(ROOT / "examples/flows/hello.yaml", {"name": "Ada"})
        assert [entry.message for entry in tiercel.logs(execution.id)] == ["Hello, Ada!"]


@pytest.fixture(scope="module")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What `make run` runs, with a home of its own."""
    home = tmp_path_factory.mktemp("home")
    return subprocess.run(
        [sys.executable, "examples/run_getting_started.py"],
        cwd=ROOT,
        env={**os.environ, "TIERCEL_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_make_run_succeeds(make_run: subprocess.CompletedProcess[str]) -> None:
    assert make_run.returncode == 0, make_run.stderr


def test_make_run_prints_the_average_price_of_every_brand(
    make_run: subprocess.CompletedProcess[str],
) -> None:
    prices: dict[str, list[float]] = {}
    for product in server.PRODUCTS:
        prices.setdefault(product["brand"], []).append(product["price"])
    averages = {brand: round(sum(p) / len(p), 2) for brand, p in prices.items()}
    ordered = sorted(averages, key=lambda brand: -averages[brand])
    lines = [line.rsplit(maxsplit=1) for line in make_run.stdout.splitlines()]
    shown = [(line[0], float(line[1])) for line in lines if line and line[0] in averages]
    assert shown == [(brand, averages[brand]) for brand in ordered]


def test_make_run_says_where_the_artifact_is(
    make_run: subprocess.CompletedProcess[str],
) -> None:
    line = next(line for line in make_run.stdout.splitlines() if line.startswith("Artifact"))
    uri = line.split()[1]
    assert uri.startswith("kestra:///company/team/getting-started/executions/")
