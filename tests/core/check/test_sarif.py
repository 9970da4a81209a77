from __future__ import annotations

from typing import Any

import pytest

from tiercel.check.findings import RULES, Finding, Severity
from tiercel.check.sarif import sarif

FOUND = Finding(
    "TC103",
    "The task 'api' has no output 'bdy'",
    Severity.ERROR,
    ("tasks", 0, "message"),
    "flows/a b.yaml",
    3,
    5,
    3,
    8,
    "body",
)


@pytest.fixture
def run() -> dict[str, Any]:
    log = sarif([FOUND, Finding("TC001", "No YAML", Severity.WARNING, file="/x.yaml")], "1.2.3")
    assert log["version"] == "2.1.0"
    (found,) = log["runs"]
    return found


def test_every_rule_is_told_with_its_meaning(run) -> None:
    driver = run["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
    assert driver["semanticVersion"] == "1.2.3"


def test_a_result_has_its_rule_its_level_and_its_place(run) -> None:
    result = run["results"][0]
    rules = run["tool"]["driver"]["rules"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "TC103"
    assert result["level"] == "error"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "flows/a%20b.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 8}


def test_a_suggestion_is_a_fix(run) -> None:
    (fix,) = run["results"][0]["fixes"]
    (replacement,) = fix["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"] == {"text": "body"}
    assert run["results"][0]["message"]["text"].endswith("did you mean 'body'?")


def test_what_has_no_place_is_told_of_the_file(run) -> None:
    result = run["results"][1]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "file:///x.yaml"}}
    assert "fixes" not in result
