"""Executions and flows as notebooks show them: HTML, and Markdown for where that is not shown.

Everything that comes from outside is escaped, and there is no script, link or style sheet: only
elements with styles of their own. Values are shown as the execution's `veil` lets them be read,
without secrets; an execution without one shows no values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from tiercel.model.execution import Execution, History, State, TaskRun

if TYPE_CHECKING:
    from tiercel.model.flow import Flow
    from tiercel.model.task import TaskBase

__all__ = [
    "execution_html",
    "execution_line",
    "execution_markdown",
    "executions_html",
    "executions_markdown",
    "flow_html",
    "flow_line",
    "flow_markdown",
    "flows_html",
    "flows_markdown",
]

_MOST_RUNS = 100
_LONGEST_NAME = 80
_LONGEST_VALUE = 10_000
_LONGEST_ERROR = 2_000
_COLORS = {
    State.SUCCESS: "#2e9e5b",
    State.WARNING: "#d9922b",
    State.FAILED: "#d64545",
    State.KILLED: "#a33a3a",
    State.CANCELLED: "#8a8a8a",
    State.RUNNING: "#3b7dd8",
    State.RETRYING: "#d9922b",
    State.RETRIED: "#d9922b",
    State.PAUSED: "#8a5cc2",
    State.SKIPPED: "#8a8a8a",
}
_OTHER_COLOR = "#7a8694"
_FONT = "font-family:system-ui,sans-serif;font-size:13px"
_MONO = "font-family:ui-monospace,monospace;font-size:12px"
_CELL = "text-align:left;padding:1px 10px 1px 0;white-space:nowrap;border:0"


# Executions


class _Seen(NamedTuple):
    """What people may read of an execution.

    Attributes:
        runs: task runs with their depths, parents first, then by time.
        names: of task runs, by id: the task, and the value of its loop.
        errors: of task runs, by id; that of the execution has its id.
        labels: as `key=value`.
        values: inputs and outputs; empty when nobody can tell what is secret in them.
    """

    runs: list[tuple[TaskRun, int]]
    names: dict[str, str]
    errors: dict[str, str]
    labels: list[str]
    values: dict[str, Any]


def _seen(execution: Execution) -> _Seen:
    runs = _ordered(execution)
    told: list[Execution | TaskRun] = [execution, *(run for run, _ in runs)]
    found: dict[str, Any] = {
        "names": {run.id: _run_name(run) for run, _ in runs},
        "errors": {each.id: each.error for each in told if each.error},
        "labels": [f"{key}={value}" for key, value in execution.labels],
        "values": {"Inputs": execution.inputs, "Outputs": execution.outputs},
        "outputs": {run.id: run.outputs for run, _ in runs[:_MOST_RUNS] if run.outputs},
    }
    try:
        if execution.veil is None:
            raise LookupError("Nobody knows what is secret")
        found = execution.veil(execution, found)
    except Exception:  # whatever keeps the secrets away keeps the values away, too
        found |= {"names": {run.id: run.task_id for run, _ in runs}, "values": {}, "outputs": {}}
    # Only now is it cut: half a secret would not be known for one.
    names = {key: _short(name) for key, name in found["names"].items()}
    tasks = {names[key]: outputs for key, outputs in found["outputs"].items()}
    values = {**found["values"], "Outputs of tasks": tasks}
    return _Seen(
        runs,
        names,
        found["errors"],
        found["labels"],
        {name: value for name, value in values.items() if value},
    )


def execution_html(execution: Execution) -> str:
    """Return an execution with its state, a timeline of its task runs, its values and errors."""
    now, seen = _now(execution), _seen(execution)
    parts = [_heading(execution, seen, now)]
    if error := seen.errors.get(execution.id):
        parts.append(_error(error))
    if seen.runs:
        parts.append(_timeline(execution, seen, now))
    parts += [_values(name, value) for name, value in seen.values.items()]
    return _block(*parts)


def execution_markdown(execution: Execution) -> str:
    """Return an execution as Markdown: what `execution_html` shows, but for the timeline's bars."""
    now, seen = _now(execution), _seen(execution)
    lines = [
        f"**{_mark(_name(execution))}** {execution.state} in {_seconds(execution.history, now)} "
        f"`{execution.id}`"
    ]
    if error := seen.errors.get(execution.id):
        lines += ["", *(f"> {_mark(line)}" for line in _cut(error).splitlines())]
    if seen.runs:
        rows = (
            ("  " * depth + seen.names[run.id], str(run.state), _seconds(run.history, now))
            for run, depth in seen.runs[:_MOST_RUNS]
        )
        lines += ["", *_table(("Task", "State", "Duration"), rows)]
    for name, value in seen.values.items():
        lines += ["", f"{name}:", "", *(f"    {line}" for line in _json(value).splitlines())]
    return "\n".join(lines)


def execution_line(execution: Execution) -> str:
    """Return an execution in one line of plain text."""
    spent = _seconds(execution.history, _now(execution))
    return f"<Execution {execution.id} of {_name(execution)}: {execution.state} in {spent}>"


def executions_html(executions: Sequence[Execution]) -> str:
    """Return a list of executions as a table."""
    rows = (
        (
            _code(each.id),
            escape(_name(each)),
            _badge(each.state),
            f"{each.history.started:%Y-%m-%d %H:%M:%S}",
            _seconds(each.history, _now(each)),
        )
        for each in executions
    )
    return _block(_html_table(("Execution", "Flow", "State", "Started", "Duration"), rows))


def executions_markdown(executions: Sequence[Execution]) -> str:
    """Return a list of executions as a table in Markdown."""
    rows = (
        (each.id, _name(each), str(each.state), _seconds(each.history, _now(each)))
        for each in executions
    )
    return "\n".join(_table(("Execution", "Flow", "State", "Duration"), rows))


def _heading(execution: Execution, seen: _Seen, now: datetime) -> str:
    labels = "".join(
        f"<span style='color:{_OTHER_COLOR};margin-left:8px'>{escape(label)}</span>"
        for label in seen.labels
    )
    return (
        f"<div><b>{escape(_name(execution))}</b> {_badge(execution.state)} "
        f"{_seconds(execution.history, now)} {_code(execution.id)}{labels}</div>"
    )


def _timeline(execution: Execution, seen: _Seen, now: datetime) -> str:
    start = execution.history.started
    ends = [_end(run.history, now) for run, _ in seen.runs]
    whole = max((max([_end(execution.history, now), *ends]) - start).total_seconds(), 1e-6)
    rows = ""
    for run, depth in seen.runs[:_MOST_RUNS]:
        left = (run.history.started - start).total_seconds() / whole
        width = (_end(run.history, now) - run.history.started).total_seconds() / whole
        tries = f" ×{len(run.attempts)}" if len(run.attempts) > 1 else ""
        rows += (
            f"<tr><td style='{_CELL};padding-left:{14 * depth}px'>{escape(seen.names[run.id])}</td>"
            f"<td style='{_CELL}'>{_badge(run.state)}{tries}</td>"
            f"<td style='{_CELL}'>{_bar(left, width, run.state)}</td>"
            f"<td style='{_CELL}'>{_seconds(run.history, now)}</td></tr>"
        )
        if error := seen.errors.get(run.id):
            rows += f"<tr><td style='{_CELL}' colspan='4'>{_error(error)}</td></tr>"
    more = len(seen.runs) - _MOST_RUNS
    if more > 0:
        rows += f"<tr><td style='{_CELL}' colspan='4'>… {more} more task runs</td></tr>"
    return f"<table style='border-collapse:collapse;margin:4px 0'>{rows}</table>"


def _bar(left: float, width: float, state: State) -> str:
    """Return a bar in the timeline; where it begins and how wide it is are parts of the whole."""
    start, wide = _percent(left), _percent(width)
    return (
        "<div style='position:relative;width:240px;height:10px;background:rgba(128,128,128,.15)'>"
        f"<div style='position:absolute;left:{min(start, 99.5)}%;height:10px;"
        f"width:{max(min(wide, 100 - start), 0.5)}%;background:{_color(state)}'></div></div>"
    )


def _ordered(execution: Execution) -> list[tuple[TaskRun, int]]:
    """Return the task runs that people see with their depth: parents first, then by time."""
    below: dict[str | None, list[TaskRun]] = {}
    for run in execution.task_runs.values():
        if not run.hidden:
            below.setdefault(run.parent_id, []).append(run)
    for runs in below.values():
        runs.sort(key=lambda run: (run.history.started, run.iteration or 0), reverse=True)
    found: list[tuple[TaskRun, int]] = []
    waiting = [(run, 0) for run in below.get(None, ())]
    while waiting:
        run, depth = waiting.pop()
        found.append((run, depth))
        waiting += [(child, depth + 1) for child in below.get(run.id, ())]
    return found


def _name(execution: Execution) -> str:
    return f"{execution.namespace}.{execution.flow_id}"


def _run_name(run: TaskRun) -> str:
    return run.task_id if run.value is None else f"{run.task_id} [{run.value}]"


# Flows


def flow_html(flow: Flow) -> str:
    """Return a flow with its description, inputs, tasks and triggers."""
    revision = f" revision {flow.revision}" if flow.revision is not None else ""
    parts = [f"<div><b>{escape(f'{flow.namespace}.{flow.id}')}</b>{revision}</div>"]
    if flow.description:
        parts.append(f"<div>{escape(flow.description)}</div>")
    for name, rows in _flow_parts(flow):
        cells = (
            (f"<span style='padding-left:{14 * depth}px'>{escape(key)}</span>", _code(kind))
            for key, kind, depth in rows
        )
        parts.append(_html_table((name, "Type"), cells))
    return _block(*parts)


def flow_markdown(flow: Flow) -> str:
    """Return a flow as Markdown."""
    revision = f" revision {flow.revision}" if flow.revision is not None else ""
    lines = [f"**{_mark(f'{flow.namespace}.{flow.id}')}**{revision}"]
    if flow.description:
        lines += ["", _mark(flow.description)]
    for name, rows in _flow_parts(flow):
        cells = (("  " * depth + key, kind) for key, kind, depth in rows)
        lines += ["", *_table((name, "Type"), cells)]
    return "\n".join(lines)


def flow_line(flow: Flow) -> str:
    """Return a flow in one line of plain text."""
    revision = f" revision {flow.revision}" if flow.revision is not None else ""
    return f"<Flow {flow.namespace}.{flow.id}{revision}>"


def flows_html(flows: Sequence[Flow]) -> str:
    """Return a list of flows as a table."""
    rows = (
        (escape(f"{each.namespace}.{each.id}"), str(each.revision), str(len(each.tasks)))
        for each in flows
    )
    return _block(_html_table(("Flow", "Revision", "Tasks"), rows))


def flows_markdown(flows: Sequence[Flow]) -> str:
    """Return a list of flows as a table in Markdown."""
    rows = ((f"{each.namespace}.{each.id}", str(each.revision)) for each in flows)
    return "\n".join(_table(("Flow", "Revision"), rows))


def _flow_parts(flow: Flow) -> Iterator[tuple[str, list[tuple[str, str, int]]]]:
    """Yield a heading, and (id, type, depth) of what stands below it."""
    if flow.inputs:
        yield "Input", [(str(each.id), str(each.type), 0) for each in flow.inputs]
    for name, tasks in flow.all_lists():
        title = "Task" if name == "tasks" else name
        yield title, [(task.id, task.type, depth) for task, depth in _tree(tasks)]
    if flow.triggers:
        yield "Trigger", [(each.id, each.type, 0) for each in flow.triggers]


def _tree(tasks: Iterable[TaskBase], depth: int = 0) -> Iterator[tuple[TaskBase, int]]:
    for task in tasks:
        yield task, depth
        children = getattr(task, "children", None)
        if children is not None:
            yield from _tree(children(), depth + 1)


# Small parts


def _block(*parts: str) -> str:
    return f"<div style='{_FONT}'>{''.join(parts)}</div>"


def _badge(state: State) -> str:
    return f"<span style='color:{_color(state)};font-weight:600'>{state}</span>"


def _color(state: State) -> str:
    return _COLORS.get(state, _OTHER_COLOR)


def _code(text: str) -> str:
    return f"<span style='{_MONO}'>{escape(text)}</span>"


def _error(text: str) -> str:
    style = f"{_MONO};color:{_COLORS[State.FAILED]};white-space:pre-wrap"
    return f"<div style='{style}'>{escape(_cut(text))}</div>"


def _values(name: str, value: Any) -> str:
    style = f"{_MONO};white-space:pre-wrap;margin:2px 0 2px 14px"
    return (
        f"<details><summary>{escape(name)}</summary>"
        f"<pre style='{style}'>{escape(_json(value))}</pre></details>"
    )


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_plain)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "\n…"


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_ERROR else text[:_LONGEST_ERROR] + "…"


def _seconds(history: History, now: datetime) -> str:
    return f"{(_end(history, now) - history.started).total_seconds():.3f} s"


def _now(execution: Execution) -> datetime:
    """Return the time until which an execution that runs has taken so far."""
    last = execution.history.entries[-1][1]
    return execution.veil.now() if execution.veil is not None else last


def _end(history: History, now: datetime) -> datetime:
    # Clocks of their own, in tests say, may be ahead of the machine's.
    return history.ended or max(now, history.entries[-1][1])


def _percent(part: float) -> float:
    return round(min(max(part, 0.0), 1.0) * 100, 2)


def _html_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th style='{_CELL}'>{title}</th>" for title in titles)
    body = "".join(
        "<tr>" + "".join(f"<td style='{_CELL}'>{cell}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table style='border-collapse:collapse;margin:4px 0'><tr>{head}</tr>{body}</table>"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"| {' | '.join('---' for _ in titles)} |"
    for row in rows:
        yield f"| {' | '.join(map(_mark, row))} |"


_MARKDOWN = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]()#+!|~<>$&"} | {"\n": " "})


def _mark(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return text.translate(_MARKDOWN)
