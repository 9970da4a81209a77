"""Suites: found, read and run, one case after the other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tiercel.errors import FlowError, NotFoundError, Problem, TiercelError
from tiercel.testing.fakes import clock_at
from tiercel.testing.flow_tests.assertions import Verdict, judge
from tiercel.testing.flow_tests.bench import Fired, Resume, Setup
from tiercel.testing.flow_tests.crashes import Crash
from tiercel.testing.flow_tests.library import Library
from tiercel.testing.flow_tests.mocks import Mock
from tiercel.testing.flow_tests.model import Case, Fixtures, read_suite
from tiercel.testing.flow_tests.run import FlowResult, play

if TYPE_CHECKING:
    from tiercel.testing.flow_tests.model import Suite

__all__ = ["CaseResult", "FlowCase", "load_suite"]

_LINES = 20


@dataclass(frozen=True)
class CaseResult:
    """How a case turned out.

    Attributes:
        case: which one.
        outcome: `passed`; `failed`, when an assertion does not hold; `error`, when the flow could
            not be run; `skipped`, when it is disabled.
        seconds: how long it took.
        problems: what is wrong.
        state: the state that the execution ended in; None when there is none.
        logs: the last lines of its log, as `LEVEL task message`.
    """

    case: FlowCase
    outcome: str
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    state: str | None = None
    logs: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What people need to know of a case that is not all right."""
        state = [f"The execution ended {self.state}"] if self.state else []
        log = ["Log:", *(f"  {line}" for line in self.logs)] if self.logs else []
        return "\n".join([*self.problems, *state, *log])


@dataclass(frozen=True)
class FlowCase:
    """A case of a suite, ready to be run.

    Attributes:
        suite: the suite.
        case: the case.
        path: the suite's file.
        line: where the case begins in it, from 1.
        library: where flows are found.
    """

    suite: Suite
    case: Case
    path: Path
    line: int
    library: Library

    @property
    def name(self) -> str:
        """Its name: the suite's id and its own."""
        return f"{self.suite.id}::{self.case.id}"

    @property
    def disabled(self) -> bool:
        """Whether it is left out."""
        return self.suite.disabled or self.case.disabled

    def run(self) -> CaseResult:
        """Run the flow and look at what came of it; whatever is wrong is in the result."""
        if self.disabled:
            return CaseResult(self, "skipped")
        began = time.perf_counter()
        try:
            source = self._flow()
            result = play(_setup(self.case.fixtures, self.library), *source)
            verdicts = [v for each in self.case.assertions for v in judge(each, result)]
        except TiercelError as error:
            return CaseResult(self, "error", time.perf_counter() - began, (str(error),))
        seconds = time.perf_counter() - began
        return self._judged(result, verdicts, seconds)

    def _judged(
        self, result: FlowResult, verdicts: Sequence[Verdict], seconds: float
    ) -> CaseResult:
        problems = [each.problem for each in verdicts if each.problem is not None]
        if not problems:
            return CaseResult(self, "passed", seconds)
        if result.refusal is not None:
            problems.append(f"There was no execution: {result.refusal}")
            return CaseResult(self, "failed", seconds, tuple(problems))
        lines = [f"{each.level} {each.task_id or '-'} {each.message}" for each in result.logs]
        state = str(result.state)
        return CaseResult(self, "failed", seconds, tuple(problems), state, tuple(lines[-_LINES:]))

    def _flow(self) -> tuple[str, str]:
        suite = self.suite
        path = self.library.find(suite.namespace, suite.flow_id)
        if suite.flow is not None:
            path = self.path.parent / suite.flow
        if path is None:
            known = ", ".join(self.library.known()) or "none"
            raise NotFoundError(
                f"There is no flow {suite.namespace}.{suite.flow_id} near {self.path}; say in "
                f"`flow` where its file is; found: {known}"
            )
        try:
            return path.read_text(encoding="utf-8-sig"), str(path)
        except OSError as error:
            raise NotFoundError(f"Flow file {str(path)!r}: {error.strerror}") from error


def _setup(fixtures: Fixtures, library: Library) -> Setup:
    mocks: dict[str, list[Mock]] = {}
    for each in fixtures.tasks:
        mocks.setdefault(each.id, []).append(Mock(each.outputs, each.state, each.error, each.value))
    trigger = fixtures.trigger
    return Setup(
        inputs=fixtures.inputs,
        mocks=mocks,
        files=fixtures.files,
        namespace_files=fixtures.namespace_files,
        secrets=fixtures.secrets,
        kv=fixtures.kv,
        labels=fixtures.labels,
        trigger=Fired(trigger.id, trigger.variables, trigger.date) if trigger else None,
        resumes=[
            Resume(each.task, each.inputs, each.after, each.state) for each in fixtures.resumes
        ],
        clock=clock_at(fixtures.clock),
        crashes=[Crash(each.at, each.number) for each in fixtures.crash],
        library=library,
    )


def load_suite(path: Path, flows: Iterable[Path] = ()) -> list[FlowCase]:
    """Return the cases of a suite's file.

    Args:
        path: the file.
        flows: files and folders with flows, beside those that the suite names and its folder.

    Raises:
        FlowError: something is wrong with the suite.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FlowError([Problem(f"Not UTF-8 text: {error.reason}", file=str(path))]) from error
    suite, lines = read_suite(text, str(path))
    folder = path.parent
    places = [*(folder / name for name in suite.flows), *flows, folder]
    library = Library(places)
    return [FlowCase(suite, case, path, lines[case.id], library) for case in suite.test_cases]
