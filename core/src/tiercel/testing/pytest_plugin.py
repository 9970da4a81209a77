"""pytest collects `*.test.yaml` files: each case of a suite is a test.

Installed with the core (entry point `pytest11`); `-p no:tiercel` leaves it out. Next to
nothing of Tiercel is imported before there is such a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tiercel.model.suites import is_suite

if TYPE_CHECKING:
    from tiercel.testing.flow_tests.suite import CaseResult, FlowCase

__all__ = ["FlowTestItem", "SuiteFile", "pytest_collect_file"]


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
