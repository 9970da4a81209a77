from __future__ import annotations

import json

import pytest

from tiercel.cli.text import clean, emit_json, json_text

CASES = {
    "plain text stays": ("Grüße, 世界 🎉", "Grüße, 世界 🎉"),
    "lines and tabs stay": ("a\n\tb\n", "a\n\tb\n"),
    "colours go": ("\x1b[1;31mred\x1b[0m", "red"),
    "one-byte sequences go": ("\x9b31mred", "red"),
    "cursor movements go": ("a\x1b[2J\x1b[10;20Hb", "ab"),
    "titles go": ("\x1b]0;owned\x07a\x1b]2;owned\x1b\\b", "ab"),
    "links keep their text": ("\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\", "text"),
    "an unfinished title takes nothing but itself": ("\x1b]0;never ends", ""),
    "two-letter sequences go": ("\x1bca\x1b(0b", "ab"),
    "a lone escape is spelled out": ("a\x1b", "a\\x1b"),
    "control characters are spelled out": ("\x07\x08\x00\x7f", "\\x07\\x08\\x00\\x7f"),
    "a carriage return cannot hide a line": ("innocent\rguilty", "innocent\\x0dguilty"),
    "a DOS line end is a line end": ("a\r\nb", "a\nb"),
    "writing does not turn around": ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
    "half a pair is spelled out": ("a\ud800b", "a\\ud800b"),
}


@pytest.mark.parametrize("case", CASES)
def test_clean(case: str) -> None:
    text, cleaned = CASES[case]
    assert clean(text) == cleaned


@pytest.mark.parametrize("case", CASES)
def test_json_is_harmless_and_loses_nothing(case: str) -> None:
    text = CASES[case][0]
    shown = json_text({"text": text})
    assert clean(shown) == shown
    assert json.loads(shown) == {"text": text}


def test_json_for_people_has_lines(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json({"a": [1]}, pretty=True)
    assert capsys.readouterr().out == '{\n  "a": [\n    1\n  ]\n}\n'
