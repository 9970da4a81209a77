"""`FilterItems` and `DeduplicateItems`."""

from __future__ import annotations

import pytest

from tiercel.testing import run_task

STORAGE = "io.kestra.plugin.core.storage"
ROWS = '{id: 1, n: "a"}\n{id: 2, n: "b"}\n{"id": 1, "n": "c"}\n'


def run(kind, content, **options):
    """Run one of the tasks on a file of rows; return its result and the text it wrote."""
    task = {"type": f"{STORAGE}.{kind}", "from": "{{ files.rows }}", **options}
    result = run_task(task, files={"rows": content})
    assert result.state == "SUCCESS", result.error
    return result, result.file(result.outputs["uri"]).decode()


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"filterCondition": "{{ id == 1 }}"}, "ac"),
        ({"filterCondition": "{{ id == 1 }}", "filterType": "EXCLUDE"}, "b"),
        ({"filterCondition": "{{ n != 'c' }}"}, "ab"),
        ({"filterCondition": " 0 "}, ""),
        ({"filterCondition": "yes"}, "abc"),
        ({"filterCondition": "{{ flow.id == 'test_flow' }}"}, "abc"),
    ],
    ids=str,
)
def test_rows_stay_or_go_by_a_condition(options, kept):
    result, text = run("FilterItems", ROWS, **options)
    expected = [line for line in ROWS.splitlines() if line[-3] in kept]
    assert text.splitlines() == expected
    assert result.outputs["processedItemsTotal"] == 3
    assert result.outputs["droppedItemsTotal"] == 3 - len(expected)


@pytest.mark.parametrize(("behavior", "kept"), [("INCLUDE", 2), ("EXCLUDE", 1)])
def test_a_row_on_which_the_condition_fails_stays_or_goes(behavior, kept):
    condition = {"filterCondition": "{{ id == 1 }}", "errorOrNullBehavior": behavior}
    _, text = run("FilterItems", "{id: 1}\n{other: 2}\n", **condition)
    assert len(text.splitlines()) == kept


def test_a_row_on_which_the_condition_fails_fails_the_task_and_leaves_no_file():
    task = {"type": f"{STORAGE}.FilterItems", "from": "{{ files.rows }}"}
    result = run_task(
        {**task, "filterCondition": "{{ id == 1 }}"}, files={"rows": "{id: 1}\n{other: 2}\n"}
    )
    assert result.state == "FAILED"
    assert len(result.files()) == 1


@pytest.mark.parametrize("content", ["{id: ", "[1, 2]", "{id: 1} {id: 2}", "text"])
def test_a_line_that_is_no_row_fails_the_task(content):
    task = {"type": f"{STORAGE}.FilterItems", "from": "{{ files.rows }}", "filterCondition": "1"}
    result = run_task(task, files={"rows": f"{{id: 1}}\n{content}\n"})
    assert "Row 2 is" in result.error


def test_the_last_row_of_each_key_stays_where_it_was():
    result, text = run("DeduplicateItems", ROWS, expr="{{ id }}")
    assert text == '{id: 2, n: "b"}\n{"id": 1, "n": "c"}\n'
    del result.outputs["uri"]
    assert result.outputs == {"numKeys": 2, "processedItemsTotal": 3, "droppedItemsTotal": 1}


def test_a_key_may_be_made_of_several_fields():
    _, text = run("DeduplicateItems", ROWS, expr="{{ id }}/{{ n }}")
    assert text == ROWS


def test_blank_lines_are_no_rows():
    result, text = run("DeduplicateItems", "{id: 1}\n\n  \n{id: 1}\n", expr="{{ id }}")
    assert text == "{id: 1}\n"
    assert result.outputs["processedItemsTotal"] == 2


def test_many_keys_are_told_apart():
    rows = "".join(f"{{id: {number % 500}}}\n" for number in range(1000))
    result, text = run("DeduplicateItems", rows, expr="{{ id }}")
    assert result.outputs["numKeys"] == 500
    assert text == "".join(f"{{id: {number}}}\n" for number in range(500))
