"""What programs do with an engine: flows, what is known of executions, and what is done to them."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest

from tiercel import ConflictError, ExecutionQuery, NotFoundError, PluginError, State, Tiercel
from tiercel.plugin import Entry, Output, Property, RunContext, Task

FAILS = """
id: fails
namespace: company.team
tasks:
  - {id: count, type: io.kestra.plugin.core.metric.Publish,
     metrics: [{type: counter, name: rows, value: 3}]}
  - id: fail
    type: io.kestra.plugin.core.execution.Fail
    condition: "{{ kv('open', errorOnMissing=false) is null }}"
"""


# Flows


def test_flows_are_saved_listed_and_deleted(tiercel, flows, tmp_path):
    (tmp_path / "flow.yaml").write_text(flows["asking"])
    tiercel.save_flow(flows["hello"])
    tiercel.save_flow(tmp_path / "flow.yaml")
    assert [flow.id for flow in tiercel.list_flows()] == ["asking", "hello"]
    assert tiercel.list_flows("company") == []
    tiercel.delete_flow("company.team", "hello")
    assert [flow.id for flow in tiercel.list_flows("company.team")] == ["asking"]
    with pytest.raises(NotFoundError):
        tiercel.delete_flow("company.team", "hello")


def test_a_flow_is_examined_without_being_stored(tiercel, flows):
    report = tiercel.examine(flows["hello"].replace("debug.Return", "debug.Retrun"))
    assert [problem.line for problem in report.problems] == [8]
    assert tiercel.list_flows() == []


def test_the_schema_knows_what_the_program_registered(tiercel):
    assert "test.Gate" in tiercel.schema()["definitions"]


# What is known of executions


def test_executions_are_found_by_what_they_are(tiercel, flows):
    for number in "12":
        tiercel.run(flows["hello"], {"name": "x"}, {"run": number})
    query = ExecutionQuery(labels=(("run", "2"),), states=frozenset({State.SUCCESS}))
    (found,) = tiercel.executions(query)
    assert dict(found.labels)["run"] == "2"


def test_runs_of_a_task_are_found_by_its_id(tiercel, flows):
    execution = tiercel.run(flows["hello"], {"name": "Ada"})
    (run,) = execution.runs_of("greet")
    assert tiercel.outputs(run) == {"value": "Hello, Ada"}
    assert execution.runs_of("nope") == []


def test_log_lines_are_chosen_by_level_and_task_run(tiercel, flows):
    execution = tiercel.run(flows["hello"], {"name": "Ada", "more": 1})
    run = execution.runs_of("greet")[0]
    assert [line.message for line in tiercel.logs(execution.id, task_run_id=run.id)] == [
        "Hello, Ada"
    ]
    assert [line.level for line in tiercel.logs(execution.id, level="WARN")] == ["WARN"]
    with pytest.raises(ValueError, match="There is no level 'LOUD'; levels are TRACE, DEBUG"):
        tiercel.logs(execution.id, level="LOUD")


def test_metrics_are_measurements_in_order(tiercel):
    execution = tiercel.run(FAILS)
    assert [(each.name, each.value) for each in tiercel.metrics(execution.id)] == [("rows", 3)]


def test_key_value_pairs_are_those_of_flows(tiercel):
    tiercel.kv("company.team").set("open", True, ttl=timedelta(days=1))
    assert tiercel.run(FAILS).state is State.SUCCESS


def test_an_execution_can_be_sent_to_another_process(tiercel, flows):
    execution = tiercel.run(flows["hello"], {"name": "Ada"})
    copy = pickle.loads(pickle.dumps(execution))
    assert copy == execution
    assert "Hello" not in copy._repr_html_()


# What is done to executions


def test_a_paused_execution_is_resumed_with_inputs(tiercel, flows):
    execution_id = tiercel.start(flows["asking"])
    for event in tiercel.events(execution_id=execution_id):
        if getattr(event, "state", None) is State.PAUSED and not hasattr(event, "task_run"):
            tiercel.resume(execution_id, {"why": "so"})
    assert tiercel.execution(execution_id).runs_of("say")[0].outputs == {"value": "so"}


def test_an_execution_is_paused_while_it_runs(tiercel, flows, gate):
    execution_id = tiercel.start(flows["gated"])
    assert gate.entered.acquire(timeout=20)
    tiercel.pause(execution_id)
    gate.opened.set()
    for event in tiercel.events(execution_id=execution_id):
        if getattr(event, "state", None) is State.PAUSED:
            tiercel.resume(execution_id)
    assert tiercel.execution(execution_id).state is State.SUCCESS


def test_what_failed_is_restarted_and_what_went_well_replayed(tiercel):
    failed = tiercel.run(FAILS)
    tiercel.kv("company.team").set("open", True)
    assert tiercel.restart(failed.id) == failed.id
    assert tiercel.wait(failed.id, 20).state is State.SUCCESS
    again = tiercel.wait(tiercel.replay(failed.id), 20)
    assert (again.state, again.original_id) == (State.SUCCESS, failed.id)


def test_labels_are_set_and_executions_deleted(tiercel, flows):
    execution = tiercel.run(flows["hello"], {"name": "Ada"})
    tiercel.set_labels(execution.id, {"team": "ml"})
    assert dict(tiercel.execution(execution.id).labels)["team"] == "ml"
    tiercel.delete(execution.id)
    with pytest.raises(NotFoundError):
        tiercel.execution(execution.id)


def test_what_runs_is_not_deleted(tiercel, flows):
    with pytest.raises(ConflictError, match="You can only delete an execution that has ended"):
        tiercel.delete(tiercel.start(flows["asking"]))


# Parts of the program's own


class Shout(Task[Output]):
    """Say it louder."""

    text: Property[str]

    class Output(Output):
        """What was said."""

        value: str

    def run(self, ctx: RunContext) -> Output:
        """Say it."""
        return self.Output(value=ctx.render(self.text).upper())


SHOUT = """
id: shout
namespace: company.team
tasks: [{id: shout, type: %s, text: "{{ 'hello' | twice }}"}]
"""


def twice(value):
    """Say it twice."""
    return f"{value} {value}"


def test_a_class_is_a_task_type_without_a_package(tiercel):
    tiercel.register("task", "company.Shout", Shout, aliases=("company.OldShout",))
    tiercel.register("filter", "twice", Entry("twice", twice))
    for name in ("company.Shout", "company.OldShout"):
        execution = tiercel.run(SHOUT % name)
        assert execution.runs_of("shout")[0].outputs == {"value": "HELLO HELLO"}


def test_a_class_may_have_another_name_in_each_engine(make):
    for name in ("one.Shout", "other.Shout"):
        tiercel = make()
        tiercel.register("task", name, Shout)
        tiercel.register("filter", "twice", Entry("twice", twice))
        flow = tiercel.load_flow(SHOUT % name)
        assert (flow.tasks[0].type_name, isinstance(flow.tasks[0], Shout)) == (name, True)
        assert tiercel.run(flow).state is State.SUCCESS


@pytest.mark.parametrize("name", ["company.Shout", "io.kestra.plugin.core.log.Log"])
def test_a_name_that_is_taken_is_refused(tiercel, name):
    tiercel.register("task", "company.Shout", Shout)
    with pytest.raises(PluginError, match=f"There is a task '{name}' already"):
        tiercel.register("task", name, Shout)


def test_what_kinds_there_are_is_told(tiercel):
    with pytest.raises(PluginError, match="There is nothing of the kind 'tusk'; it is one of"):
        tiercel.register("tusk", "company.Shout", Shout)


class Vault:
    """Secrets of a program's own."""

    closed = False

    def get(self, namespace, key):
        """Return a secret."""
        return f"{namespace}/{key}"

    def values(self):
        """Return nothing: they are masked when they are read."""
        return ()

    def close(self):
        """Note it."""
        self.closed = True


def test_secrets_may_come_from_an_object(flows):
    vault = Vault()
    with Tiercel(secrets=vault) as tiercel:
        flow = flows["hello"].replace("inputs.name", "secret('KEY')")
        execution = tiercel.run(flow, {"name": "-"})
        assert execution.outputs == {"greeting": "Hello, company.team/KEY"}
        assert [line.message for line in tiercel.logs(execution.id)] == ["Hello, ******"]
    assert vault.closed
