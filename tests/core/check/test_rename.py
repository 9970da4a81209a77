from __future__ import annotations

import pytest

from tiercel.check.rename import is_task_id, rename_edits

FLOW = """\
id: probe
namespace: company.team
tasks:
  - {id: made, type: io.kestra.plugin.core.debug.Return, format: x}
  - id: items
    type: io.kestra.plugin.core.flow.ForEachItem
    items: "{{ outputs.made.value }}"
    namespace: company.team
    flowId: other
  - id: graph
    type: io.kestra.plugin.core.flow.Dag
    tasks:
      - task:
          id: one
          type: io.kestra.plugin.core.debug.Return
          format: '{{ outputs[''made''].value }} {{ outputs.made.value }}'
      - task: {id: two, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.one }}"}
        dependsOn: [one]
  - id: show
    type: io.kestra.plugin.core.log.Log
    message: |
      {{ outputs.items_merge.subflowOutputs }} {{ outputs . made['value'] }} made
"""


def renamed(opened, task_id: str, new: str) -> str:
    """Return the flow with a task renamed."""
    document = opened(FLOW)
    edits = rename_edits(document, document.flow.tree.find(task_id), new)
    text = FLOW
    for edit in sorted(edits, key=lambda each: -each.span.start):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def test_every_reference_changes_and_nothing_else(opened) -> None:
    expected = FLOW.replace("id: made", "id: built").replace("outputs.made", "outputs.built")
    expected = expected.replace("''made''", "''built''").replace(" . made[", " . built[")
    assert renamed(opened, "made", "built") == expected


def test_what_waits_for_a_task_in_a_dag_waits_for_it_still(opened) -> None:
    text = renamed(opened, "one", "first")
    assert "dependsOn: [first]" in text
    assert "outputs.first }}" in text


def test_what_a_flowable_makes_is_called_after_it(opened) -> None:
    assert "outputs.batches_merge.subflowOutputs" in renamed(opened, "items", "batches")


@pytest.mark.parametrize(
    "written",
    [
        "\"{{ outputs['the-one'].value }}\"",
        "{{ outputs[''the-one''].value }} {{ outputs[\"the-one\"].value }}",
        "{{ outputs ['the-one']['value'] }}",
    ],
)
def test_an_id_with_a_dash_is_read_in_brackets(opened, written: str) -> None:
    assert written.strip('"') in renamed(opened, "made", "the-one")


def test_a_renamed_flow_is_as_right_as_before(opened, found) -> None:
    others = "id: other\nnamespace: company.team\ntasks: []\n"
    before = found(FLOW, others)
    assert found(renamed(opened, "made", "the-one"), others) == before


@pytest.mark.parametrize(
    ("text", "can_be"), [("a", True), ("a-b_1", True), ("a b", False), ("-a", False), ("", False)]
)
def test_an_id_is_letters_digits_and_dashes(text: str, can_be: bool) -> None:
    assert is_task_id(text) is can_be
