"""Values between the model and the columns: exact both ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.plugin.spi import RepositoryError, State, TaskRun
from tiercel_sql import rows
from tiercel_sql.rows import clean, micros, moment, to_json

ZONES = st.builds(
    lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-14 * 60, 14 * 60)
)
TIMES = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=ZONES)


@given(TIMES)
def test_a_time_is_the_same_instant_after_the_way_there_and_back(at: datetime) -> None:
    assert moment(micros(at)) == at
    assert moment(micros(at)).tzinfo is UTC


@given(TIMES, TIMES)
def test_times_are_ordered_as_their_numbers(one: datetime, other: datetime) -> None:
    assert (one < other) == (micros(one) < micros(other))


@given(st.lists(st.tuples(st.sampled_from(State), TIMES), min_size=1, max_size=6))
def test_a_history_of_any_length_survives(entries: list[tuple[State, datetime]]) -> None:
    history = rows.History(tuple(entries))
    run = TaskRun("r", "t", history, attempts=(rows.Attempt(1, history), rows.Attempt(2, history)))
    assert rows.task_run_of(rows.task_run_row("e", run)[1:]) == run


@given(st.text(alphabet=st.characters(codec=None)))
def test_cleaned_text_can_be_stored_and_json_keeps_its_meaning(text: str) -> None:
    cleaned = clean(json.dumps(text, ensure_ascii=False))
    assert "\0" not in cleaned
    assert cleaned.encode("utf-8")
    assert json.loads(cleaned) == text


@pytest.mark.parametrize("text", ["", "plain", "naïve 日本 😀"])
def test_good_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_numbers_that_are_not_finite_survive() -> None:
    assert rows.from_json(to_json([float("inf"), -0.0], "it")) == [float("inf"), 0.0]


def test_a_value_nested_too_deep_is_refused_by_name() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RepositoryError, match="Cannot store the inputs"):
        to_json(deep, "the inputs")
