"""What pytest knows of Tiercel: suites of flow tests, and fixtures for the tests of plugins.

`*.test.yaml` files are collected, each case of a suite is a test. The fixtures are `fake_clock`,
`memory_storage` and `recorded_http`.

Installed with the core (entry point `pytest11`); `-p no:tiercel` leaves it out. Next to
nothing of Tiercel is imported before there is such a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tiercel.model.flow_files import is_suite

if TYPE_CHECKING:
    from tiercel.storage.memory import MemoryStorage
    from tiercel.testing.fakes import FakeClock
    from tiercel.testing.flow_tests.suite import CaseResult, FlowCase

__all__ = [
    "FlowTestItem",
    "SuiteFile",
    "fake_clock",
    "memory_storage",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_configure",
    "recorded_http",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that records."""
    group = parser.getgroup("tiercel", "Tiercel")
    group.addoption(
        "--record-http",
        action="store_true",
        help="Tests with the fixture `recorded_http` send their requests and write them down anew.",
    )


@pytest.fixture
def fake_clock() -> FakeClock:
    """Return a clock that stands still until it is moved."""
    from tiercel.testing.fakes import FakeClock

    return FakeClock()


@pytest.fixture
def memory_storage() -> MemoryStorage:
    """Return an empty storage, for several tasks of one test to share."""
    from tiercel.storage.memory import MemoryStorage

    return MemoryStorage()


@pytest.fixture
def recorded_http(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Answer the test's HTTP requests from the file `recorded/<test>.yaml` beside it.

    `pytest --record-http` sends them, and writes the file. Yields its path. The marker
    `recorded_http` takes the arguments of `tiercel.testing.recorded_http`.
    """
    from tiercel.testing.recorded_http import recorded_http as recording

    marker = request.node.get_closest_marker("recorded_http")
    how = dict(marker.kwargs) if marker else {}
    name = re.sub(r"[^\w.-]+", "_", request.node.name).strip("_")
    path = request.path.parent / "recorded" / f"{request.path.stem}.{name}.yaml"
    record = bool(request.config.getoption("--record-http"))
    with recording(path, **{"record": record, **how}):
        yield path


def pytest_configure(config: pytest.Config) -> None:
    """Tell of the marker."""
    config.addinivalue_line(
        "markers", "recorded_http(**how): arguments of tiercel.testing.recorded_http"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a suite."""
    if not is_suite(file_path.name):
        return None
    collector: SuiteFile = SuiteFile.from_parent(parent, path=file_path)
    return collector


class NotPassed(Exception):
    """A case failed, or could not be run."""

    def __init__(self, result: CaseResult) -> None:
        self.result = result
        super().__init__(result.text)


class SuiteFile(pytest.File):
    """A suite."""

    def collect(self) -> Iterator[FlowTestItem]:
        """Yield its cases."""
        from tiercel.errors import FlowError
        from tiercel.testing.flow_tests.suite import load_suite

        try:
            cases = load_suite(self.path)
        except FlowError as error:
            raise self.CollectError(str(error)) from error
        for case in cases:
            yield FlowTestItem.from_parent(self, name=case.case.id, case=case)


class FlowTestItem(pytest.Item):
    """A case."""

    def __init__(self, *, case: FlowCase, **how: Any) -> None:
        super().__init__(**how)
        self._case = case
        if case.disabled:
            self.add_marker(pytest.mark.skip(reason="disabled"))

    def runtest(self) -> None:
        """Run it.

        Raises:
            NotPassed: an assertion does not hold, or the flow could not be run.
        """
        result = self._case.run()
        if result.outcome != "passed":
            raise NotPassed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what is wrong, without a traceback."""
        if isinstance(excinfo.value, NotPassed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where it stands."""
        return self.path, self._case.line - 1, self._case.name
