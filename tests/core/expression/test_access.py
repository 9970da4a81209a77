"""Members, items, and the few methods that may be called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tiercel.errors import EvaluationError, UndefinedError
from tiercel.expression.access import MISSING, soft_path, walk

VARIABLES: dict[str, Any] = {
    "m": {"a": {"b": 1}, "size": 99, "n": None, "1": "one"},
    "l": [10, {"k": "v"}],
    "s": "hello",
    "n": None,
}


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{{ m.a.b }}", "1"),
        ("{{ m['a']['b'] }}", "1"),
        ("{{ l[1].k }}", "v"),
        ("{{ l['1'].k }}", "v"),
        ("{{ m['1'] }}", "one"),
        ("{{ m.size }}", "99"),
        ("{{ m.size() }}", "4"),
        ("{{ m.keySet() }}", '["a","size","n","1"]'),
        ("{{ m.containsKey('a') }}", "true"),
        ("{{ m.getOrDefault('zz', 'd') }}", "d"),
        ("{{ m.get('zz') }}", ""),
        ("{{ l.size() }} {{ l.isEmpty() }} {{ l.get(0) }}", "2 false 10"),
        ("{{ s.length() }} {{ s.length }} {{ s.empty }}", "5 5 false"),
        ("{{ s.startsWith('he') }} {{ s.substring(1, 3) }}", "true el"),
        ("{{ s.toUpperCase().toLowerCase().indexOf('l') }}", "2"),
        ("{% for e in m.a %}{{ e.key }}={{ e.getValue() }}{% endfor %}", "b=1"),
    ],
)
def test_data_can_be_read(render: Callable[..., str], source: str, result: str) -> None:
    assert render(source, **VARIABLES) == result


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ m.zz }}", "'zz' does not exist here"),
        ("{{ n.a }}", "'a' cannot be read from null"),
        ("{{ l[5] }}", "The list has 2 items and no '5'"),
        ("{{ l[-1] }}", "no '-1'"),
        ("{{ s.zz }}", "'zz' does not exist"),
        ("{{ m.keys }}", "'keys' does not exist"),
        ("{{ s.lenght() }}", "no method 'lenght' on this value; did you mean 'length'"),
        ("{{ n.size() }}", "no method 'size' on null"),
    ],
)
def test_what_is_not_there_is_an_error(
    render: Callable[..., str], source: str, reason: str
) -> None:
    with pytest.raises(UndefinedError, match=reason):
        render(source, **VARIABLES)


@pytest.mark.parametrize(
    "source",
    [
        "{{ m[0] }}",
        "{{ s.substring(9) }}",
        "{{ s.startsWith(1) }}",
        "{{ s.length(1) }}",
        "{{ m.get([1]) }}",
    ],
)
def test_unsuitable_keys_and_arguments_are_refused(render: Callable[..., str], source: str) -> None:
    with pytest.raises(EvaluationError):
        render(source, **VARIABLES)


def test_walking_tells_which_step_failed() -> None:
    with pytest.raises(UndefinedError) as caught:
        walk(VARIABLES, "m", "a", "zz", "deep")
    assert caught.value.step == 2


def test_a_soft_path_gives_missing_instead() -> None:
    assert soft_path(VARIABLES, "m", "a", "b") == 1
    assert soft_path(VARIABLES, "m", "n") is None
    assert soft_path(VARIABLES, "m", "n", "deep") is MISSING
    assert soft_path(VARIABLES, "nope") is MISSING
