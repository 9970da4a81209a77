from __future__ import annotations

from typing import Any

import pytest


def test_files_go_in_and_come_out(shell: Any) -> None:
    result = shell(
        "cat a.txt deep/b.txt > c.out",
        "mkdir d && echo x > d/e.txt",
        inputFiles={"a.txt": "inline {{ flow.id }} ", "deep/b.txt": "{{ files.data }}"},
        outputFiles=["*.out", "d/**"],
        files={"data": "stored"},
    )
    stored = result.outputs["outputFiles"]
    assert result.file(stored["c.out"]) == b"inline test_flow stored"
    assert result.file(stored["d/e.txt"]) == b"x\n"
    assert stored["d/e.txt"].endswith("-e.txt")


def test_output_files_of_a_failed_script_are_kept(shell: Any) -> None:
    result = shell("echo x > log.txt; exit 1", outputFiles=["log.txt"])
    assert result.file(result.outputs["outputFiles"]["log.txt"]) == b"x\n"


@pytest.mark.parametrize("properties", [{"outputDirectory": True}, {"runner": "PROCESS"}])
def test_everything_in_the_old_output_folder_is_stored(
    shell: Any, properties: dict[str, Any]
) -> None:
    commands = ("echo a > {{ outputDir }}/a", "mkdir $OUTPUT_DIR/d; echo b > $OUTPUT_DIR/d/b")
    result = shell(*commands, **properties)
    stored = result.outputs["outputFiles"]
    assert {name: result.file(uri) for name, uri in stored.items()} == {
        "a": b"a\n",
        "d/b": b"b\n",
    }
    assert stored["d/b"].endswith("/d/b")


def test_a_file_name_cannot_lead_out_of_the_working_folder(shell: Any) -> None:
    result = shell("true", inputFiles={"../x": ""})
    assert result.error == ("Invalid file name '../x': it must lie inside the working folder")


def test_an_output_file_can_be_written_by_its_variable(shell: Any) -> None:
    result = shell("echo x > {{ outputFiles['a.txt'] }}", outputFiles=["a.txt", "*.csv"])
    assert result.file(result.outputs["outputFiles"]["a.txt"]) == b"x\n"
