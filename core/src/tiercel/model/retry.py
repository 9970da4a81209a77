"""How often and when a failed task, or a failed execution, is tried again.

Properties: https://kestra.io/docs/workflow-components/retries, golden area `flows/retry`.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, model_validator
from pydantic_core import PydanticCustomError

from tiercel.model.base import Flag, Model
from tiercel.model.duration import Duration

__all__ = ["ConstantRetry", "ExponentialRetry", "RandomRetry", "Retry", "RetryBehavior"]


class RetryBehavior(StrEnum):
    """What a flow-level retry does."""

    RETRY_FAILED_TASK = "RETRY_FAILED_TASK"
    CREATE_NEW_EXECUTION = "CREATE_NEW_EXECUTION"


def _less(small_name: str, small: timedelta, big_name: str, big: timedelta | None) -> None:
    if big is not None and small >= big:
        raise PydanticCustomError(
            "interval_bounds",
            "'{small}' must be less than '{big}'",
            {
                "small": small_name,
                "big": big_name,
                "property": f"{small_name}LessThan{big_name[0].upper()}{big_name[1:]}",
            },
        )


class _RetryBase(Model):
    max_attempts: Annotated[int, Field(ge=1)] | None = Field(
        default=None, validation_alias=AliasChoices("maxAttempts", "maxAttempt")
    )
    """How many attempts in all, the first one included."""
    max_duration: Duration | None = None
    """No further attempt begins later than this after the first one began."""
    warning_on_retry: Flag = False
    """End in WARNING when a later attempt succeeds."""
    behavior: RetryBehavior = RetryBehavior.RETRY_FAILED_TASK
    """Whether a flow-level retry repeats the failed task, or the whole flow anew."""


class ConstantRetry(_RetryBase):
    """Try again after the same time each time."""

    type: Literal["constant"]
    interval: Duration
    """The wait before each further attempt."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _less("interval", self.interval, "maxDuration", self.max_duration)
        return self

    def delay(self, attempt: int, fraction: float) -> timedelta:
        """Return the wait after attempt number `attempt` (from 1)."""
        return self.interval


class ExponentialRetry(_RetryBase):
    """Try again after times that grow by a factor."""

    type: Literal["exponential"]
    interval: Duration
    """The wait before the second attempt."""
    max_interval: Duration
    """No wait is longer than this."""
    delay_factor: float = 2.0
    """By how much each wait is longer than the one before."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _less("interval", self.interval, "maxDuration", self.max_duration)
        _less("interval", self.interval, "maxInterval", self.max_interval)
        return self

    def delay(self, attempt: int, fraction: float) -> timedelta:
        """Return the wait after attempt number `attempt` (from 1)."""
        seconds = self.interval.total_seconds()
        limit = self.max_interval.total_seconds()
        try:
            seconds *= self.delay_factor ** (attempt - 1)
        except OverflowError:
            seconds = limit
        return timedelta(seconds=min(seconds, limit))


class RandomRetry(_RetryBase):
    """Try again after a random time between two bounds."""

    type: Literal["random"]
    min_interval: Duration
    """No wait is shorter than this."""
    max_interval: Duration
    """No wait is longer than this."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _less("minInterval", self.min_interval, "maxDuration", self.max_duration)
        _less("maxInterval", self.max_interval, "maxDuration", self.max_duration)
        _less("minInterval", self.min_interval, "maxInterval", self.max_interval)
        return self

    def delay(self, attempt: int, fraction: float) -> timedelta:
        """Return the wait after an attempt; `fraction` (0 to 1) says where between the bounds."""
        return self.min_interval + (self.max_interval - self.min_interval) * fraction


Retry = Annotated[ConstantRetry | ExponentialRetry | RandomRetry, Field(discriminator="type")]
"""Any of the three policies, told apart by `type`."""
