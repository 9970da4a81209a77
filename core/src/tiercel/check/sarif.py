"""Findings as SARIF 2.1.0, which code hosts and CI show beside the lines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from tiercel.check.findings import RULES, Finding

__all__ = ["sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Iterable[Finding], version: str) -> dict[str, Any]:
    """Return findings as one SARIF log.

    Args:
        findings: of any number of files.
        version: that of Tiercel.
    """
    indexes = {code: index for index, code in enumerate(RULES)}
    driver = {
        "name": "tiercel check",
        "semanticVersion": version,
        "rules": [
            {
                "id": rule.code,
                "name": rule.name,
                "shortDescription": {"text": rule.summary},
                "defaultConfiguration": {"level": str(rule.severity)},
            }
            for rule in RULES.values()
        ],
    }
    results = [{**_result(each), "ruleIndex": indexes[each.code]} for each in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file)}}
    region = _region(finding)
    if region:
        place["region"] = region
    hint = f"; did you mean {finding.suggestion!r}?" if finding.suggestion else ""
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": str(finding.severity),
        "message": {"text": finding.message + hint},
        "locations": [{"physicalLocation": place}],
    }
    if finding.suggestion and region:
        change = {"deletedRegion": region, "insertedContent": {"text": finding.suggestion}}
        where = {"artifactLocation": place["artifactLocation"], "replacements": [change]}
        words = {"text": f"Write {finding.suggestion!r}"}
        result["fixes"] = [{"description": words, "artifactChanges": [where]}]
    return result


def _region(finding: Finding) -> dict[str, int]:
    if not finding.line:
        return {}
    return {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
