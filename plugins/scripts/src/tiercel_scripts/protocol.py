"""What a script says by its output: log lines, and messages between `::` signs.

A line `::{"outputs": {…}, "metrics": [{…}], "logs": [{…}]}::`, alone on its line, is no log line:
its outputs join the task's `vars`, later ones replacing earlier ones, its metrics are recorded and
its logs are written at their own levels. Same rules as Kestra's `PluginUtilsService.parseOut`;
golden cases `script/outputs_protocol`, `script/logs_protocol`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, TypeAdapter

from tiercel.plugin import Duration, Metric

if TYPE_CHECKING:
    from tiercel.plugin import RunContext

__all__ = ["Transcript", "printable"]

LONGEST_LOG_LINE = 64 << 10
"""Characters of an ordinary line that are logged."""

_LEVELS = {
    "TRACE": "TRACE",
    "DEBUG": "DEBUG",
    "INFO": "INFO",
    "WARN": "WARN",
    "WARNING": "WARN",
    "ERROR": "ERROR",
    "CRITICAL": "ERROR",
}
# Colours, cursor movements, window titles: they mean nothing in a log.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration, config=ConfigDict(defer_build=True))


class Transcript:
    """Takes a script's lines one by one, and keeps what they amount to.

    Attributes:
        variables: all outputs so far, by name.
        error_lines: how many lines came on standard error.
    """

    def __init__(self, ctx: RunContext) -> None:
        self._ctx = ctx
        self.variables: dict[str, Any] = {}
        self.error_lines = 0

    def accept(self, is_stderr: bool, line: str) -> None:
        """Take one line of standard output, or of standard error."""
        self.error_lines += is_stderr
        line = printable(line)
        if line.startswith("::{") and line.endswith("}::"):
            self._message(line[2:-2])
            return
        if len(line) > LONGEST_LOG_LINE:
            more = len(line) - LONGEST_LOG_LINE
            line = f"{line[:LONGEST_LOG_LINE]}… ({more} more characters in this line)"
        self._ctx.log("ERROR" if is_stderr else "INFO", line)

    def _message(self, text: str) -> None:
        try:
            message = json.loads(text)
            outputs = message.get("outputs") or {}
            self.variables.update(outputs)
            for metric in message.get("metrics") or ():
                self._ctx.metric(_metric(metric))
            for entry in message.get("logs") or ():
                self._ctx.log(_LEVELS[str(entry["level"]).upper()], str(entry["message"]))
        # Whatever a script prints must not break its task.
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}"
            self._ctx.log("WARN", f"Invalid outputs '{text[:1000]}': {reason}")


def _metric(entry: Mapping[str, Any]) -> Metric:
    tags = {str(key): str(value) for key, value in (entry.get("tags") or {}).items()}
    name, value = str(entry["name"]), entry["value"]
    match entry["type"]:
        case "counter":
            return Metric.counter(name, float(value), **tags)
        case "gauge":
            return Metric.gauge(name, float(value), **tags)
        case "timer":
            # A number is seconds; text is an ISO-8601 duration.
            return Metric.timer(name, _DURATION.validate_python(value), **tags)
    raise ValueError(f"Unknown metric type {entry['type']!r}: use counter, timer or gauge")


def printable(line: str) -> str:
    """Return a line without terminal control sequences and other control characters."""
    if line.isprintable():
        return line
    return _CONTROL.sub("\ufffd", _ANSI.sub("", line) if "\x1b" in line else line)
