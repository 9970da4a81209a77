from __future__ import annotations

from collections.abc import Callable

import pytest

from tiercel.model.load import Report

Look = Callable[..., Report]


@pytest.mark.parametrize("key", ["team", "équipe", "a.b-c_1", "aZ"])
def test_a_key_begins_with_a_small_letter(look: Look, key: str) -> None:
    assert look(f"labels: {{{key}: x}}").flow is not None


@pytest.mark.parametrize("key", ["Team", "1a", "a b", "a/b", "_a"])
def test_other_keys_are_refused(look: Look, key: str) -> None:
    (problem,) = look(f"labels: {{{key}: x}}").problems
    assert f"Invalid label key '{key}'" in problem.message


def test_an_empty_key_is_refused(look: Look) -> None:
    (problem,) = look("labels: [{key: '', value: x}]").problems
    assert (problem.path, problem.message) == ("labels[0].key", "must not be empty")
