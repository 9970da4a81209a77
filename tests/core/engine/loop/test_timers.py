from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tiercel.engine.loop.timers import Timers

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_what_is_due_comes_in_order_and_once() -> None:
    timers = Timers()
    timers.set(NOW + SECOND, "b", 2)
    timers.set(NOW, "a", 1, "x")
    timers.set(NOW + SECOND, "c")
    timers.set(NOW + 2 * SECOND, "d")
    assert list(timers.due(NOW + SECOND)) == [("a", (1, "x")), ("b", (2,)), ("c", ())]
    assert list(timers.due(NOW + SECOND)) == []


def test_the_time_left_is_that_to_the_next() -> None:
    timers = Timers()
    assert timers.seconds_left(NOW, 60) == 60
    timers.set(NOW + 5 * SECOND, "a")
    assert timers.seconds_left(NOW, 60) == 5
    assert timers.seconds_left(NOW, 2) == 2
    assert timers.seconds_left(NOW + 10 * SECOND, 60) == 0


def test_a_timer_set_while_others_are_handled_is_handled_too() -> None:
    timers = Timers()
    timers.set(NOW, "a")
    seen = []
    for kind, _ in timers.due(NOW):
        seen.append(kind)
        if kind == "a":
            timers.set(NOW, "b")
    assert seen == ["a", "b"]


def test_of_a_message_set_twice_only_the_later_time_counts() -> None:
    timers = Timers()
    timers.set(NOW, "a", 1)
    timers.set(NOW + SECOND, "a", 1)
    timers.set(NOW, "a", 2)
    assert list(timers.due(NOW)) == [("a", (2,))]
    assert list(timers.due(NOW + SECOND)) == [("a", (1,))]
