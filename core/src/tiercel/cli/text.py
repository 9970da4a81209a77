"""Text for people: what tasks logged and put out must not take over the terminal."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click

__all__ = ["clean", "emit", "emit_json", "json_text"]

# Colours, cursor movements, window titles.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
# Control characters but for line break and tab, and those that turn the direction of writing.
_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """Return a text without terminal sequences, and with other control characters spelled out."""
    if text.isprintable():
        return text
    text = _SEQUENCE.sub("", text.replace("\r\n", "\n"))
    return _CONTROL.sub(_spelled, text)


def json_text(value: Any, *, pretty: bool = False) -> str:
    """Return a value as JSON that shows on any terminal as it is."""
    text = json.dumps(value, ensure_ascii=False, indent=2 if pretty else None)
    return text if text.isprintable() else _CONTROL.sub(_escaped, text)


def emit(text: str) -> None:
    """Write data to standard output: cleaned for a terminal, as it is for a program."""
    click.echo(clean(text) if sys.stdout.isatty() else text)


def emit_json(value: Any, *, pretty: bool = False) -> None:
    """Write a value as JSON to standard output."""
    click.echo(json_text(value, pretty=pretty))


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
