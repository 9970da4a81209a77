from __future__ import annotations

import re
import socket
from datetime import UTC, datetime
from typing import Any

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.environment import Environment
from tiercel.expression.functions.random import (
    identifier,
    nano_id,
    random_int,
    random_port,
    uuid,
)
from tiercel.expression.values import Long


@pytest.mark.parametrize(
    ("call", "pattern"),
    [
        (uuid, r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        (identifier, r"[0-9A-Za-z]{19,22}"),
        (nano_id, r"[0-9A-Za-z_-]{21}"),
    ],
)
def test_ids_differ_and_have_their_shape(call: Any, pattern: str) -> None:
    ids = {call() for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch(pattern, one) for one in ids)


def ksuid_at(second: int) -> str:
    moment = datetime(2024, 1, 1, 0, 0, second, tzinfo=UTC)
    return Environment(clock=lambda: moment).render("{{ ksuid() }}", {})


def test_ksuids_sort_by_their_second() -> None:
    assert ksuid_at(1) < ksuid_at(2) < ksuid_at(3)
    assert re.fullmatch(r"[0-9A-Za-z]{27}", ksuid_at(1))


def test_a_nano_id_has_the_length_and_letters_asked_for() -> None:
    assert re.fullmatch("[ab]{500}", nano_id(Long(500), "ab"))
    assert nano_id(Long(0), "") == ""


@pytest.mark.parametrize(("length", "alphabet"), [(-1, "a"), (1001, "a"), (5, "")])
def test_an_impossible_nano_id_is_refused(length: int, alphabet: str) -> None:
    with pytest.raises(EvaluationError, match="nanoId"):
        nano_id(Long(length), alphabet)


def test_a_random_integer_lies_below_its_upper_bound() -> None:
    assert {random_int(Long(-1), Long(2)) for _ in range(200)} == {-1, 0, 1}
    assert random_int(Long(3), Long(3)) == 3


@pytest.mark.parametrize(("lower", "upper"), [(Long(2), Long(1)), ("1", Long(2)), (1, 2)])
def test_wrong_bounds_are_refused(lower: Any, upper: Any) -> None:
    with pytest.raises(EvaluationError, match="randomInt"):
        random_int(lower, upper)


def test_a_random_port_can_be_listened_on() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", random_port()))
