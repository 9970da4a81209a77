"""How tests went: for JUnit's readers, which is every CI."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from tiercel.testing.flow_tests.suite import CaseResult

__all__ = ["write_junit"]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENTS = {"failed": "failure", "error": "error", "skipped": "skipped"}


def write_junit(path: Path, results: Sequence[CaseResult]) -> None:
    """Write results as JUnit XML, one `testsuite` for each file.

    Raises:
        OSError: the file cannot be written.
    """
    root = ElementTree.Element("testsuites", _counts(results))
    # JUnit's schema has this for suites alone.
    del root.attrib["skipped"]
    for file, group in groupby(results, key=lambda each: each.case.path):
        of_file = list(group)
        suite = of_file[0].case.suite
        attributes = {"name": f"{suite.namespace}.{suite.id}", "file": str(file)}
        element = ElementTree.SubElement(root, "testsuite", attributes | _counts(of_file))
        for result in of_file:
            _add(element, result)
    ElementTree.indent(root)
    tree = ElementTree.ElementTree(root)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _counts(results: Sequence[CaseResult]) -> dict[str, str]:
    outcomes = [each.outcome for each in results]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failed")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
        "time": f"{sum(each.seconds for each in results):.3f}",
    }


def _add(parent: ElementTree.Element, result: CaseResult) -> None:
    case = result.case
    element = ElementTree.SubElement(
        parent,
        "testcase",
        {
            "classname": f"{case.suite.namespace}.{case.suite.id}",
            "name": case.case.id,
            "file": str(case.path),
            "line": str(case.line),
            "time": f"{result.seconds:.3f}",
        },
    )
    if result.outcome in _ELEMENTS:
        found = ElementTree.SubElement(element, _ELEMENTS[result.outcome])
        if result.problems:
            found.set("message", _NOT_XML.sub("\ufffd", result.problems[0]))
            found.text = _NOT_XML.sub("\ufffd", result.text)
