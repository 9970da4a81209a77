"""pytest collects suites of flow tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FLOW = """
id: hello
namespace: company.team
tasks: [{id: hi, type: io.kestra.plugin.core.debug.Return, format: Hi}]
"""
SUITE = """id: hello_tests
namespace: company.team
flowId: hello
testCases:
  - id: right
    assertions: [{value: "{{ outputs.hi.value }}", equalTo: Hi}]
  - id: wrong
    assertions: [{value: "{{ outputs.hi.value }}", equalTo: Ho}]
  - id: "off"
    disabled: true
    assertions: [{value: a, equalTo: b}]
"""


def outcome(folder: Path, *options: str) -> str:
    """Return what pytest says of a folder."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *options]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    ).stdout


def test_each_case_is_a_test(tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(FLOW)
    (tmp_path / "hello.test.yaml").write_text(SUITE)
    told = outcome(tmp_path, "-v")
    assert "hello.test.yaml::right PASSED" in told
    assert "{{ outputs.hi.value }} equalTo 'Ho', but it is 'Hi'" in told
    assert "Traceback" not in told
    assert "1 failed, 1 passed, 1 skipped" in told


def test_a_wrong_suite_cannot_be_collected(tmp_path: Path) -> None:
    (tmp_path / "hello.test.yaml").write_text(SUITE.replace("flowId", "flowName"))
    told = outcome(tmp_path)
    assert "hello.test.yaml:3:" in told
    assert "1 error" in told


def test_a_case_is_chosen_by_name(tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(FLOW)
    (tmp_path / "hello.test.yaml").write_text(SUITE)
    assert "1 passed, 2 deselected" in outcome(tmp_path, "-k", "right")
