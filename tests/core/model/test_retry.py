from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from tiercel.model.retry import ConstantRetry, Retry

policies: TypeAdapter[Retry] = TypeAdapter(Retry)


def read(text: str) -> Retry:
    return policies.validate_python(dict(part.split("=") for part in text.split()))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("type=constant interval=PT2S", [2, 2, 2]),
        ("type=exponential interval=PT1S maxInterval=PT3S", [1, 2, 3]),
        ("type=exponential interval=PT1S maxInterval=PT1H delayFactor=10", [1, 10, 100]),
        ("type=random minInterval=PT2S maxInterval=PT4S", [3, 3, 3]),
    ],
)
def test_waits_follow_the_policy(text: str, seconds: list[int]) -> None:
    policy = read(text)
    assert [policy.delay(n, 0.5) for n in (1, 2, 3)] == [timedelta(seconds=s) for s in seconds]


def test_a_wait_beyond_all_numbers_is_the_longest() -> None:
    policy = read("type=exponential interval=PT1S maxInterval=PT9S delayFactor=1e300")
    assert policy.delay(1000, 0) == timedelta(seconds=9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("type=constant interval=PT2S maxDuration=PT2S", "'interval' must be less than 'maxDur"),
        ("type=exponential interval=PT2S maxInterval=PT1S", "'interval' must be less than 'maxI"),
        ("type=random minInterval=PT2S maxInterval=PT1S", "'minInterval' must be less than"),
        (
            "type=random minInterval=PT1S maxInterval=PT2S maxDuration=PT2S",
            "'maxInterval' must be less than 'maxDuration'",
        ),
    ],
)
def test_bounds_that_exclude_each_other_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        read(text)


def test_the_older_name_of_max_attempts_is_read() -> None:
    policy = read("type=constant interval=PT1S maxAttempt=3")
    assert isinstance(policy, ConstantRetry)
    assert policy.max_attempts == 3
