"""What notebooks show: complete, escaped, without secrets, and never in the way."""

from __future__ import annotations

import html.parser
import types

import pytest

from tiercel import State, Tiercel

EVIL = "<script>alert('x')</script> & <img src=x onerror=\"alert(1)\"> | `**[a](javascript:b)**`"
LOOP = """
id: loop
namespace: company.team
labels: {b: "<i>"}
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: ["one", "<u>two</u>"]
    tasks:
      - {id: say, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}
"""
FAILS = """
id: fails
namespace: company.team
tasks:
  - id: fail
    type: io.kestra.plugin.core.execution.Fail
    errorMessage: "{{ inputs.text }}"
inputs:
  - {id: text, type: STRING}
"""
KEEPS = """
id: keeps
namespace: company.team
description: "Keeps <b>secrets</b>"
inputs:
  - {id: pin, type: SECRET}
  - {id: name, type: STRING, defaults: Ada}
tasks:
  - id: read
    type: io.kestra.plugin.core.debug.Return
    format: "{{ secret('KEY') }} {{ inputs.pin }}"
  - {id: plain, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.name }}"}
triggers:
  - {id: daily, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 0 * * *"}
outputs:
  - {id: all, type: STRING, value: "{{ outputs.read.value }}"}
"""
ALLOWED = {
    *("div", "span", "b", "table", "tr", "th", "td", "details", "summary", "pre"),
}


def plain_text(thing):
    """Return what IPython shows where there is nothing but text."""
    parts = []
    thing._repr_pretty_(types.SimpleNamespace(text=parts.append), False)
    return "".join(parts)


class Reading(html.parser.HTMLParser):
    """Collects elements and attributes, and the text as people see it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.depth = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.depth += 1
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_endtag(self, tag):
        """Note that it is closed."""
        self.depth -= 1

    def handle_data(self, data):
        """Note text."""
        self.text += data


@pytest.fixture
def evil(flows):
    with Tiercel(environ={}) as tiercel:
        yield tiercel.run(flows["hello"], {"name": EVIL}, {"label": EVIL})


def test_an_execution_shows_state_tasks_time_and_values(tiercel, flows):
    execution = tiercel.run(flows["hello"], {"name": "Ada"})
    seen = Reading(execution._repr_html_()).text
    for part in ("company.team.hello", "SUCCESS", execution.id, "team=data", "greet", '"Ada"'):
        assert part in seen
    assert '"greeting": "Hello, Ada"' in seen


def test_values_are_text_whatever_is_in_them(evil):
    read = Reading(evil._repr_html_())
    assert read.elements <= ALLOWED
    assert read.attributes <= {"style", "colspan"}
    assert read.depth == 0
    assert EVIL.replace('"', '\\"') in read.text


def test_errors_and_values_of_loops_are_text_too(tiercel):
    for execution in (tiercel.run(FAILS, {"text": EVIL}), tiercel.run(LOOP)):
        read = Reading(execution._repr_html_())
        assert read.elements <= ALLOWED
    assert "say [<u>two</u>]" in read.text
    assert "b=<i>" in read.text


def test_an_error_is_shown(tiercel):
    execution = tiercel.run(FAILS, {"text": "no luck today"})
    assert execution.state is State.FAILED
    assert "no luck today" in Reading(execution._repr_html_()).text
    assert "FAILED" in execution._repr_markdown_()


def test_secrets_are_not_shown():
    with Tiercel(environ={"TIERCEL_SECRET_KEY": "hunter2-hunter2"}) as tiercel:
        execution = tiercel.run(KEEPS, {"pin": "1234-5678-9"})
        found = tiercel.executions()
        shown = execution._repr_html_() + execution._repr_markdown_()
    assert "******" in shown
    assert "Ada" in shown
    # What a notebook keeps beside it, and what ends up in logs.
    shown += str(plain_text(execution)) + plain_text(found) + repr((execution, found))
    shown += repr(execution.task_runs) + found._repr_html_()
    assert "hunter2" not in shown
    assert "1234-5678-9" not in shown
    assert "aes_encrypted" not in shown


@pytest.mark.parametrize("secret", ["hunter2-hunter2", "hunter2-" * 30])
def test_secrets_that_are_looped_over_are_not_shown(secret):
    with Tiercel(environ={"TIERCEL_SECRET_KEY": secret}) as tiercel:
        flow = LOOP.replace('"one"', "\"{{ secret('KEY') }}\"")
        execution = tiercel.run(flow)
        seen = Reading(execution._repr_html_()).text + execution._repr_markdown_()
    assert "say [******]" in seen
    assert "hunter2" not in seen
    assert "hunter2" not in execution._repr_html_()


def test_where_nobody_knows_the_secrets_no_value_is_shown(tiercel, flows):
    execution = tiercel.repository.execution(tiercel.run(flows["hello"], {"name": "Ada"}).id)
    seen = Reading(execution._repr_html_()).text
    assert "greet" in seen
    assert "Ada" not in seen


def test_a_secret_manager_that_fails_hides_all_values(tiercel, flows, monkeypatch):
    execution = tiercel.run(flows["hello"], {"name": "Ada"})

    def fail():
        raise OSError("out of reach")

    monkeypatch.setattr(tiercel._secrets, "values", fail, raising=False)
    assert "Ada" not in execution._repr_html_()


def test_bars_lie_in_the_timeline_one_after_the_other(tiercel, flows, gate):
    gate.opened.set()
    shown = tiercel.run(flows["gated"])._repr_html_()
    bars = [
        tuple(float(part.split(";")[0].rstrip("%")) for part in (left, width))
        for left, width in (
            (each.split("left:")[1], each.split("width:")[1])
            for each in shown.split("position:absolute;")[1:]
        )
    ]
    assert len(bars) == 3
    assert [left for left, _ in bars] == sorted(left for left, _ in bars)
    assert all(left >= 0 and left + width <= 100.01 for left, width in bars)


def test_an_execution_that_runs_is_shown_as_far_as_it_is(tiercel, flows, gate):
    execution_id = tiercel.start(flows["gated"])
    assert gate.entered.acquire(timeout=20)
    read = Reading(tiercel.execution(execution_id)._repr_html_())
    assert "RUNNING" in read.text
    assert read.elements <= ALLOWED


def test_of_many_task_runs_the_first_are_shown(tiercel):
    values = ", ".join(f"v{number}" for number in range(150))
    execution = tiercel.run(LOOP.replace('"one", "<u>two</u>"', values))
    seen = Reading(execution._repr_html_()).text
    assert "… 51 more task runs" in seen
    assert "say [v98]" in seen
    assert "say [v99]" not in seen


def test_big_values_are_cut(tiercel, flows):
    execution = tiercel.run(flows["hello"], {"name": "x" * 100_000})
    assert len(execution._repr_html_()) < 50_000


def test_plain_text_is_a_line_each(tiercel, flows):
    flow = tiercel.save_flow(flows["hello"])
    execution = tiercel.run(flow, {"name": "Ada"})
    line = plain_text(execution)
    assert line.startswith(f"<Execution {execution.id} of company.team.hello: SUCCESS in ")
    assert plain_text(tiercel.executions()) == line
    assert plain_text(tiercel.list_flows()) == plain_text(flow)
    assert plain_text(flow) == "<Flow company.team.hello revision 1>"


def test_lists_are_tables_and_lists(tiercel, flows):
    for name in ("Ada", EVIL):
        tiercel.run(flows["hello"], {"name": name})
    found = tiercel.executions()
    read = Reading(found._repr_html_())
    assert all(execution.id in read.text for execution in found)
    assert read.elements <= ALLOWED
    assert found._repr_markdown_().count("\n") == 3
    assert found == list(found)


def test_flows_show_what_they_consist_of(tiercel):
    flow = tiercel.save_flow(KEEPS)
    read = Reading(flow._repr_html_())
    for part in ("company.team.keeps", "revision 1", "Keeps <b>secrets</b>", "pin", "SECRET"):
        assert part in read.text
    assert "io.kestra.plugin.core.trigger.Schedule" in read.text
    assert read.elements <= ALLOWED
    assert "company.team.keeps" in Reading(tiercel.list_flows()._repr_html_()).text


def test_tasks_in_tasks_are_shown_below_them(tiercel):
    shown = tiercel.load_flow(LOOP)._repr_html_()
    assert shown.index("each") < shown.index("padding-left:14px")


def test_markdown_is_shown_as_it_is_written(evil, tiercel):
    shown = tiercel.load_flow(KEEPS)._repr_markdown_()
    assert "Keeps \\<b\\>secrets\\</b\\>" in shown
    lines = evil._repr_markdown_().splitlines()
    assert all("<script>" not in line or line.startswith("    ") for line in lines)
