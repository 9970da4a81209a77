"""Functions that render, and those on numbers and lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tiercel.errors import EvaluationError, ExpressionSyntaxError, LimitError, UndefinedError


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{{ render(deep) }}", "Ann"),
        ("{{ renderOnce(deep) }}", "{{ name }}"),
        ("{{ render(deep, recursive=false) }}", "{{ name }}"),
        ("{{ render({'k': deep}).k }}", "Ann"),
        ("{{ render([deep, 1])[0] }}", "Ann"),
        ("{{ render(5) + 1 }}", "6"),
        ("{{ render('{% raw %}{{ name }}{% endraw %}') }}", "{{ name }}"),
        ("{{ printContext().name }}{{ fetchContext().name }}", "AnnAnn"),
        ("{{ max(1, 3, 2) }}{{ min(2.5, 1) }}{{ max(1, null) }}", "311"),
        ("[{{ max() }}]", "[]"),
        ("{{ range(1, 9, increment=4) }}", "[1,5,9]"),
    ],
)
def test_functions_give_what_kestras_give(
    render: Callable[..., str], source: str, result: str
) -> None:
    assert render(source, deep="{{ once }}", once="{{ name }}", name="Ann") == result


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("{{ render('{{ nope }}') }}", EvaluationError),
        ("{{ render(nope) }}", UndefinedError),
        ("{{ render('{{ a') }}", ExpressionSyntaxError),
        ("{{ render('x', 'yes') }}", EvaluationError),
        ("{{ render(a) }}", LimitError),
        ("{{ max('a', 1) }}", EvaluationError),
        ("{{ range() }}", EvaluationError),
    ],
)
def test_what_cannot_be_done_is_an_error(
    render: Callable[..., str], source: str, error: type[Exception]
) -> None:
    variables: dict[str, Any] = {"a": "{{ b }}", "b": "{{ a }}"}
    with pytest.raises(error):
        render(source, **variables)
