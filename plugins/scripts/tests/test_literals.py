from __future__ import annotations

from typing import Any

import pytest

from tiercel.testing import run_task
from tiercel_scripts.literals import with_json_names


@pytest.mark.parametrize(
    "source",
    [
        "data = {{ data }}\nprint(data)",
        '"""A docstring."""\nfrom __future__ import annotations\n\ndata = {{ data }}\nprint(data)',
        "for data in [{{ data }}]:\n    print(data)",
        "import functools\n@functools.cache\ndef f():\n    return {{ data }}\nprint(f())",
    ],
    ids=["plain", "what must lead", "compound", "decorated"],
)
def test_a_script_reads_what_an_expression_renders(task_of: Any, source: str) -> None:
    data = {"a": True, "b": [False, None]}
    result = run_task(task_of("python.Script", script=source), variables={"data": data})
    assert result.messages("INFO") == ["{'a': True, 'b': [False, None]}"]


def test_lines_keep_their_numbers() -> None:
    source = "import os\nx = true\nraise ValueError"
    assert with_json_names(source).split("\n")[1:] == ["x = true", "raise ValueError"]


@pytest.mark.parametrize(
    "source",
    ["print('true')", "# null\nx = 1", "true = 1\n", "x = (true", "match x:\n  case true: pass"],
)
def test_a_script_that_reads_none_of_the_names_stays_as_it_is(source: str) -> None:
    assert with_json_names(source) == source
