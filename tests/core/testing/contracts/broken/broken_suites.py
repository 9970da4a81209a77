"""The suites, applied to what is broken: `BREAKS` says which rules each class must fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import broken_hooks
import pytest

from tiercel._record import replace
from tiercel.executor.inline import InlineExecutor
from tiercel.executor.spi import Job
from tiercel.executor.threads import ThreadExecutor
from tiercel.plugin.registry import Plugin, Registry
from tiercel.testing import (
    ExecutorContract,
    FlowableContract,
    PollingTriggerContract,
    ScheduledTriggerContract,
    TaskContract,
    TaskRunnerContract,
    TriggerContract,
)
from tiercel.testing.contracts._stage import with_stage

REGISTRY = with_stage((Plugin("broken", "broken_hooks", "broken", "1"), lambda: broken_hooks))


class Broken:
    @pytest.fixture
    def registry(self) -> Registry:
        return REGISTRY


def suite(base: type, name: str, breaks: str, **members: Any) -> None:
    """Make the class `Test<name>` of a suite, for the type `broken.<name>`."""
    made = type(f"Test{name}", (Broken, base), {**members, "patience": 3.0, "target": name})
    globals()[made.__name__] = made
    BREAKS[made.__name__] = set(breaks.split())


BREAKS: dict[str, set[str]] = {}


class Task(TaskContract):
    target: str

    @pytest.fixture
    def task(self) -> Mapping[str, Any]:
        return {"type": f"broken.{self.target}", "text": "abc"}

    @pytest.fixture
    def endless(self, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return {**task, "text": "long"} if self.target == "Deaf" else None


RUNS = "test_it_succeeds test_it_may_run_again_as_after_a_crash"
BY_EXPRESSION = "test_properties_given_by_expressions_do_the_same"
LAZY = "test_its_module_is_imported_only_when_a_flow_uses_it"
EXPLAINED = "test_every_property_and_output_is_explained"
suite(Task, "Good", "")
suite(Task, "BadSchema", "test_the_schema_is_one_of_draft_7")
suite(Task, "NoDocs", "test_it_says_what_it_is")
suite(Task, "NoPropertyDocs", EXPLAINED)
suite(Task, "BadExample", "test_examples_are_flows_without_a_mistake")
suite(Task, "OtherExample", "test_examples_use_the_type")
suite(Task, "TakesAnything", "test_an_unknown_property_is_refused_with_the_nearest_one")
suite(Task, "NotDynamic", "test_properties_take_expressions_where_the_schema_says_so")
suite(Task, "LogsNothing", "test_what_the_checker_is_told_of_is_there")
suite(Task, "Failing", f"{RUNS} {BY_EXPRESSION}")
suite(Task, "NotJson", "test_outputs_come_back_from_json_as_they_were")
suite(Task, "OtherOutput", "test_outputs_are_those_that_it_declares")
suite(Task, "OtherMetric", "test_metrics_are_those_that_it_declares")
suite(Task, "NoFile", "test_files_among_its_outputs_are_stored")
suite(Task, "Changing", "test_it_leaves_its_properties_as_they_were")
suite(Task, "OnlyOnce", "test_it_may_run_again_as_after_a_crash")
suite(Task, "Raw", BY_EXPRESSION)
suite(Task, "Printing", "test_secrets_are_told_nowhere")
suite(Task, "Deaf", "test_a_kill_ends_it test_a_time_limit_ends_it")


class Bare(Task):
    @pytest.fixture
    def task(self) -> Mapping[str, Any]:
        return {"type": f"broken.{self.target}"}


suite(Bare, "NoOutputDocs", EXPLAINED)
suite(Bare, "Hasty", LAZY)


class Flowable(FlowableContract):
    target: str
    runs = 12

    @pytest.fixture
    def flowable(self) -> Mapping[str, Any]:
        tasks = [self.step("a"), self.step("b")]
        return {"type": f"broken.{self.target}", "tasks": tasks}


PURE = "test_its_answers_are_pure_and_name_tasks_that_it_has"
ORDERS = "test_it_ends_in_whatever_order_its_tasks_do"
FAILS = "test_it_ends_when_its_tasks_fail"
SUCCEEDS = "test_it_succeeds_when_its_tasks_do"
DEATHS = "test_engines_may_die_at_any_time"
RESTART = "test_it_may_be_restarted_after_a_failure"
KILL = "test_it_may_be_killed_at_any_time"
suite(Flowable, "GoodFlowable", "")
suite(Flowable, "Stuck", f"{SUCCEEDS} {FAILS} {ORDERS} {DEATHS} {KILL}")
suite(Flowable, "StuckOnFailure", f"{FAILS} {ORDERS}")
suite(Flowable, "Random", PURE)
suite(Flowable, "Remembering", PURE)
suite(Flowable, "Stranger", PURE)
suite(Flowable, "Twice", PURE)
suite(Flowable, "Proud", RESTART)


class Scheduled(ScheduledTriggerContract):
    target: str
    count = 4

    @pytest.fixture
    def trigger(self) -> Mapping[str, Any]:
        return {"type": f"broken.{self.target}"}


ALL_DATES = (
    "test_each_date_follows_the_one_before "
    "test_the_date_before_a_date_is_the_one_that_it_followed "
    "test_no_date_is_missed_between_two "
    "test_the_zone_of_the_question_does_not_matter "
    "test_its_answers_are_pure "
    "test_what_executions_see_comes_back_from_json "
    "test_a_date_starts_one_execution_whoever_looks"
)
suite(Scheduled, "GoodSchedule", "")
suite(Scheduled, "Late", ALL_DATES)
suite(Scheduled, "Naive", ALL_DATES)
suite(Scheduled, "Drifting", "test_no_date_is_missed_between_two")
suite(Scheduled, "Walled", "test_the_zone_of_the_question_does_not_matter")
suite(Scheduled, "Moody", "test_its_answers_are_pure")
suite(Scheduled, "Telling", "test_what_executions_see_comes_back_from_json")
suite(Scheduled, "Breaking", "test_a_date_starts_one_execution_whoever_looks")


class Polling(PollingTriggerContract):
    target: str

    @pytest.fixture
    def trigger(self, tmp_path: Path) -> Mapping[str, Any]:
        return {"type": f"broken.{self.target}", "folder": str(tmp_path)}

    @pytest.fixture
    def occasion(self, tmp_path: Path) -> Callable[[], object]:
        return (tmp_path / "new.txt").touch


NOTHING = "test_it_starts_nothing_when_there_is_nothing"
ONE = "test_an_occasion_starts_one_execution_that_sees_it"
AGAIN = "test_what_was_found_is_not_found_again"
GOES_ON = "test_another_engine_goes_on_where_the_first_one_was"
suite(Polling, "GoodPoll", "")
suite(Polling, "Eager", f"{NOTHING} {AGAIN} {GOES_ON}")
suite(Polling, "Repeating", f"{AGAIN} {GOES_ON}")
suite(Polling, "Undeclared", ONE)
suite(Polling, "Chatty", "test_secrets_are_told_nowhere")


class TestDisabledPoll(Polling):
    target = "GoodPoll"

    @pytest.fixture
    def registry(self) -> Registry:
        return REGISTRY

    @pytest.fixture
    def trigger(self, tmp_path: Path) -> Mapping[str, Any]:
        return {"type": "broken.GoodPoll", "folder": str(tmp_path), "disabled": True}


BREAKS["TestDisabledPoll"] = {NOTHING, ONE, AGAIN, GOES_ON, "test_it_looks_once_an_interval"}


class TestIncomplete(Broken, TriggerContract):
    @pytest.fixture
    def trigger(self) -> Mapping[str, Any]:
        return {"type": "broken.GoodPoll"}


BREAKS["TestIncomplete"] = {"test_a_flow_may_have_it"}


class Runner(TaskRunnerContract):
    target: str

    @pytest.fixture
    def runner(self) -> Mapping[str, Any]:
        return {"type": f"broken.{self.target}"}


CODES = "test_the_exit_code_comes_back"
SIGNAL = "test_a_signal_is_128_and_its_number"
STREAMS = "test_lines_tell_which_stream_they_are_of"
FILES = "test_files_that_it_makes_come_back"
OF_FAILED = "test_files_come_back_from_a_command_that_fails"
KILLS = "test_a_kill_ends_it test_a_kill_ends_all_that_it_started"
STUBBORN = "test_who_ignores_a_request_to_end_is_ended"
suite(Runner, "GoodRunner", "")
suite(Runner, "Zero", f"{CODES} {SIGNAL} {OF_FAILED}")
suite(Runner, "Negative", SIGNAL)
suite(Runner, "Joined", STREAMS)
suite(Runner, "Buffered", f"test_lines_come_while_the_command_runs {KILLS} {STUBBORN}")
suite(Runner, "Blankless", "test_each_line_comes_as_it_is")
suite(Runner, "Strict", "test_any_bytes_are_lines_of_some_kind")
suite(Runner, "Clipped", "test_many_and_long_lines_are_all_there")
suite(Runner, "Shell", "test_arguments_arrive_as_they_are")
suite(
    Runner,
    "NoEnv",
    "test_environment_variables_arrive_as_they_are test_runs_beside_each_other_do_not_meet",
)
suite(Runner, "Elsewhere", f"test_it_runs_in_the_folder_with_the_files {FILES} {OF_FAILED}")
suite(Runner, "Copying", f"{FILES} {OF_FAILED}")
suite(Runner, "OnlyOnSuccess", OF_FAILED)
suite(Runner, "OpenInput", "test_standard_input_is_empty")
suite(Runner, "Shared", "test_runs_beside_each_other_do_not_meet")
suite(Runner, "Immortal", f"test_lines_come_while_the_command_runs {KILLS} {STUBBORN}")
suite(Runner, "Orphaning", "test_a_kill_ends_all_that_it_started")
suite(Runner, "Polite", STUBBORN)
suite(Runner, "Absent", "test_a_program_that_is_not_there_fails_for_good")


# Executors


class Doubling(ThreadExecutor):
    """Run each job twice."""

    def submit(self, job: Job) -> None:
        super().submit(job)
        super().submit(job)


class Repeating(ThreadExecutor):
    """Report each job twice."""

    def start(self, run: Any, report: Any) -> None:
        super().start(run, lambda job, outcome: (report(job, outcome), report(job, outcome)))


class Rewriting(ThreadExecutor):
    """Take failures for something else."""

    def start(self, run: Any, report: Any) -> None:
        super().start(run, lambda job, outcome: report(job, replace(outcome, error="Oh")))


class Crowded(ThreadExecutor):
    """Have more room than it says."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers + 1)


class Narrow(ThreadExecutor):
    """Have less room than it says."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers - 1)


class Loyal(ThreadExecutor):
    """Give nothing up."""

    def abandon(self, job: Job) -> None: ...


class Surprised(ThreadExecutor):
    """Know only what runs."""

    def abandon(self, job: Job) -> None:
        if job not in self._running:
            raise KeyError(job)
        super().abandon(job)


class Waiting(ThreadExecutor):
    """Wait for jobs at the end."""

    def close(self) -> None:
        deadline = time.monotonic() + 3
        while self._running and time.monotonic() < deadline:
            time.sleep(0.01)
        super().close()


class Diligent(ThreadExecutor):
    """Do at the end what is left to do."""

    def close(self) -> None: ...


class Fragile(ThreadExecutor):
    """End once."""

    def close(self) -> None:
        if self._closed:
            raise RuntimeError("Closed already")
        super().close()


class Losing(ThreadExecutor):
    """Lose a job now and then."""

    _count = 0

    def submit(self, job: Job) -> None:
        self._count += 1
        if self._count % 7:
            super().submit(job)


class Unlocked(ThreadExecutor):
    """Refuse what comes from a thread of its own."""

    def submit(self, job: Job) -> None:
        if threading.current_thread().name == "tiercel-task":
            raise RuntimeError("Not from here")
        super().submit(job)


class Shy(ThreadExecutor):
    """Refuse what comes from other threads than the first."""

    def submit(self, job: Job) -> None:
        if threading.current_thread().name.startswith("ThreadPool"):
            raise RuntimeError("Not from here")
        super().submit(job)


class Failing(ThreadExecutor):
    """Stop at the first failure."""

    def start(self, run: Any, report: Any) -> None:
        failed: SimpleQueue[bool] = SimpleQueue()

        def told(job: Job, outcome: Any) -> None:
            if failed.empty():
                report(job, outcome)
            if outcome.error == "It broke" and outcome.outputs is None:
                failed.put(True)

        super().start(run, told)


class NoExecutor:
    """Have half of what it takes."""

    def start(self, run: Any, report: Any) -> None: ...
    def submit(self, job: Job) -> None: ...
    def close(self) -> None: ...


def executor_suite(cls: Any, breaks: str) -> None:
    class Made(ExecutorContract):
        patience = 3.0

        @pytest.fixture
        def executor(self) -> Any:
            return cls() if cls in (NoExecutor, InlineExecutor) else cls(2)

    Made.__name__ = Made.__qualname__ = f"Test{cls.__name__}Executor"
    globals()[Made.__name__] = Made
    BREAKS[Made.__name__] = set(breaks.split())


ONCE = "test_a_job_is_run_once_and_reported_once"
OUTCOME = "test_the_outcome_comes_back_as_it_is"
OTHERS = "test_a_failed_job_keeps_no_other_from_running"
MANY = "test_many_jobs_are_each_run_once"
THREADS = "test_threads_may_submit_at_once"
CHAIN = "test_what_takes_reports_may_submit"
AT_ONCE = "test_submit_does_not_wait_for_the_job"
ROOM = "test_as_many_run_at_once_as_there_is_room_for"
GIVEN_UP = "test_a_job_given_up_keeps_no_other_waiting"
NEVER = "test_giving_up_what_has_ended_or_never_began_is_no_error"
CLOSING = "test_closing_does_not_wait_for_jobs"
LEFT = "test_what_waits_when_it_is_closed_never_begins"
TWICE = "test_closing_twice_is_harmless"
executor_suite(ThreadExecutor, "")
executor_suite(Rewriting, OUTCOME)
executor_suite(Loyal, GIVEN_UP)
executor_suite(Surprised, NEVER)
executor_suite(Shy, THREADS)
executor_suite(Failing, OTHERS)
executor_suite(Diligent, LEFT)
# What else they break follows from the first.
AT_LEAST = {
    "TestDoublingExecutor": {ONCE, MANY},
    "TestRepeatingExecutor": {ONCE},
    "TestCrowdedExecutor": {ROOM, LEFT},
    "TestNarrowExecutor": {ROOM},
    "TestWaitingExecutor": {CLOSING},
    "TestFragileExecutor": {TWICE},
    "TestLosingExecutor": {MANY, THREADS},
    "TestUnlockedExecutor": {CHAIN},
    "TestNoExecutorExecutor": {"test_it_has_what_the_protocol_asks_for"},
    "TestInlineExecutorExecutor": {AT_ONCE},
}
for each in (Doubling, Repeating, Crowded, Narrow, Waiting, Fragile, Losing, Unlocked, NoExecutor):
    executor_suite(each, "")
executor_suite(InlineExecutor, "")
