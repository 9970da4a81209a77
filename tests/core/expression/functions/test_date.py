"""The function `now` as templates call it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.environment import Environment

ENVIRONMENT = Environment(clock=lambda: datetime(2024, 3, 5, 7, 8, 9, 123_456, tzinfo=UTC))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("now()", "2024-03-05T07:08:09.123456Z"),
        ("now('yyyy')", "2024"),
        ("now(format='iso_sec')", "2024-03-05T07:08:09Z"),
        ("now('HH:mm', 'Asia/Tokyo')", "16:08"),
        ("now(locale='de', format='MMMM')", "März"),
        ("now() | dateAdd(-1, 'DAYS', 'yyyy-MM-dd')", "2024-03-04"),
    ],
)
def test_now_shows_the_clock_of_the_environment(call: str, text: str) -> None:
    assert ENVIRONMENT.render("{{ " + call + " }}", {}) == text


def test_now_refuses_a_wrong_pattern() -> None:
    with pytest.raises(EvaluationError, match="reserved character"):
        ENVIRONMENT.render("{{ now('zzzz{') }}", {})
