"""What a task sees of the world, and what it may say."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from probe import Engine, flow

from tiercel import State
from tiercel.errors import NotFoundError
from tiercel.plugin import Metric


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(environ={"TIERCEL_SECRET_KEY": "hunter2-hunter2", "ENV_CITY": "Oslo"})
    with engine.tiercel:
        yield engine


def outcome(engine, function, options=""):
    """Run a function as a task; return its execution and the output."""
    function.__name__ = "it"
    engine.on(function)
    execution = engine.run("it", options=options)
    (task_run,) = execution.task_runs.values()
    return execution, (task_run.outputs or {}).get("value")


RENDERED = [
    ("{{ flow.namespace }}.{{ flow.id }}", "company.team.probe"),
    ("{{ task.id }} {{ task.type }}", "it test.Call"),
    ("{{ taskrun.attemptsCount }}", "0"),
    ("{{ envs.city }}", "Oslo"),
    ("{{ 1 + 1 }}", "2"),
    ("no expression", "no expression"),
]


@pytest.mark.parametrize(("template", "text"), RENDERED)
def test_templates_are_rendered_on_the_executions_variables(engine, template, text):
    _, value = outcome(engine, lambda ctx: ctx.render_text(template))
    assert value == text


def test_a_lone_expression_keeps_its_type(engine):
    _, value = outcome(engine, lambda ctx: ctx.evaluate("{{ {'a': [1, 2]} }}"))
    assert value == {"a": [1, 2]}


def test_a_task_can_add_variables_for_one_rendering(engine):
    _, value = outcome(engine, lambda ctx: ctx.render_text("{{ page }}", {"page": 3}))
    assert value == "3"


def test_a_property_that_is_absent_renders_to_nothing(engine):
    _, value = outcome(engine, lambda ctx: ctx.render(None) is None)
    assert value is True


def test_a_missing_variable_fails_the_task_with_the_nearest_name(engine):
    execution, _ = outcome(engine, lambda ctx: ctx.render_text("{{ flow.nmae }}"))
    assert execution.state is State.FAILED
    assert engine.messages(execution, "ERROR")[0].startswith(
        "Unable to find `nmae` used in the expression `{{ flow.nmae }}` at line 1"
    )


# Secrets


TELLING = {
    "a message": lambda ctx: ctx.log("INFO", f"key {ctx.secret('KEY')}"),
    "a rendered message": lambda ctx: ctx.log("INFO", ctx.render_text("{{ secret('KEY') }}")),
    "an error": lambda ctx: 1 / len([][ctx.secret("KEY")]),
    "an exception's text": lambda ctx: raise_(ValueError(ctx.secret("KEY"))),
    "an expression's error": lambda ctx: ctx.render_text("{{ secret('KEY') | toNumber }}"),
}


def raise_(error):
    raise error


@pytest.mark.parametrize("way", TELLING)
def test_a_secret_does_not_get_out(engine, way):
    execution, _ = outcome(engine, TELLING[way])
    (task_run,) = execution.task_runs.values()
    told = "\n".join([*engine.messages(execution), task_run.error or ""])
    assert "hunter2" not in told
    assert told.strip()


def test_a_secret_that_one_task_read_is_masked_in_the_next(engine):
    def tell(ctx):
        ctx.log("INFO", ctx.variables["outputs"]["read"]["value"])

    engine.on(named("read", lambda ctx: ctx.secret("KEY")))
    engine.on(named("tell", tell))
    assert engine.messages(engine.run("read", "tell")) == ["******"]


def test_a_secret_that_an_input_took_is_masked(engine):
    engine.on(named("tell", lambda ctx: ctx.log("INFO", ctx.render_text("{{ inputs.key }}"))))
    inputs = "inputs: [{id: key, type: STRING, defaults: \"{{ secret('KEY') }}\"}]"
    text = flow("id: t, type: test.Call, call: tell", more=inputs)
    execution = engine.tiercel.run(text, timeout=20)
    assert engine.messages(execution) == ["******"]


def test_a_secret_that_is_not_there_is_told(engine):
    execution, _ = outcome(engine, lambda ctx: ctx.secret("OTHER"))
    assert engine.messages(execution, "ERROR") == ["Cannot find secret for key 'OTHER'."]


def named(name, function):
    function.__name__ = name
    return function


# Key-value pairs, metrics, log levels


def test_key_value_pairs_are_those_of_the_flows_namespace(engine):
    def write(ctx):
        ctx.kv().set("seen", 1)
        ctx.kv("other").set("seen", 2)

    outcome(engine, write)
    store = engine.tiercel.services.kv_store
    assert (store("company.team").get("seen"), store("other").get("seen")) == (1, 2)
    with pytest.raises(NotFoundError):
        store("company").get("seen")


def test_metrics_are_recorded_with_their_tags(engine):
    execution, _ = outcome(engine, lambda ctx: ctx.metric(Metric.counter("rows", 7, table="t")))
    (metric,) = engine.tiercel.repository.metrics(execution.id)
    assert (metric.name, metric.value, metric.tags, metric.task_id) == (
        *("rows", 7, (("table", "t"),)),
        "it",
    )


def test_lines_below_the_tasks_level_are_dropped(engine):
    def talk(ctx):
        for level in ("TRACE", "DEBUG", "INFO", "WARN", "ERROR"):
            ctx.log(level, level)

    execution, _ = outcome(engine, talk, options=", logLevel: WARN")
    assert engine.messages(execution) == ["WARN", "ERROR"]


# Being stopped


def test_a_callback_added_after_the_stop_is_called_at_once(engine):
    called = []

    def late(ctx):
        stopped = threading.Event()
        ctx.on_kill(stopped.set)
        assert not ctx.cancelled
        assert stopped.wait(20)
        ctx.on_kill(lambda: called.append(ctx.cancelled))

    outcome(engine, late, options=", timeout: PT0.02S")
    assert called == [True]
