"""The clock and the id source that tests own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tiercel.testing import FakeClock, SequentialIds


def test_a_fake_clock_stands_still_until_it_is_moved() -> None:
    clock = FakeClock()
    assert clock.now() == clock.now() == datetime(2024, 1, 1, tzinfo=UTC)
    clock.move(timedelta(hours=1))
    assert clock.now() == datetime(2024, 1, 1, 1, tzinfo=UTC)
    assert clock.monotonic() == 3600


def test_a_fake_clock_does_not_go_backward() -> None:
    with pytest.raises(ValueError, match="backward"):
        FakeClock().move(timedelta(seconds=-1))


def test_sequential_ids_count_and_look_like_ids() -> None:
    ids = SequentialIds()
    assert [ids.new(), ids.new()] == ["0" * 21 + "1", "0" * 21 + "2"]
