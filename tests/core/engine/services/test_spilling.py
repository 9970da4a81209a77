"""Outputs that are too big for the database: in files, and there when they are needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from probe import Engine, TaskError

from tiercel import Settings, State, Tiercel
from tiercel.engine.services.spilling import Shelf, is_reference
from tiercel.errors import StorageError
from tiercel.repository.memory import MemoryRepository
from tiercel.storage.memory import MemoryStorage

LIMIT = 1000
BIG = "ü" * LIMIT


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine that keeps a thousand bytes of outputs in its database."""
    engine = Engine(
        settings=Settings(home=tmp_path, inline_limit=LIMIT),
        repository=MemoryRepository(),
        storage=MemoryStorage(),
    )
    with engine.tiercel:
        yield engine


def give(engine: Engine, value: Any) -> None:
    """Have the task `give` return a value."""
    engine.on(named("give", lambda ctx: value))


def named(name: str, function: Any) -> Any:
    function.__name__ = name
    return function


def task_run(execution: Any, task_id: str) -> Any:
    return next(each for each in execution.task_runs.values() if each.task_id == task_id)


def read(engine: Engine, uri: str) -> bytes:
    with engine.tiercel.files.open(uri) as file:
        return file.read()


# Outputs


@pytest.mark.parametrize("value", ["x" * (LIMIT - len('{"value":""}')), [None] * 100, {"a": 1.5}])
def test_what_is_small_enough_stays_where_it_is(engine: Engine, value: Any) -> None:
    give(engine, value)
    assert task_run(engine.run("give"), "give").outputs == {"value": value}


@pytest.mark.parametrize(
    "value",
    ["x" * LIMIT, BIG, "half \ud800 of a pair\0" * 50, list(range(LIMIT)), {BIG: 1}, 10 ** (LIMIT)],
    ids=["ascii", "not ascii", "odd characters", "list", "key", "number"],
)
def test_what_is_bigger_is_a_file_and_a_reference_to_it(engine: Engine, value: Any) -> None:
    give(engine, value)
    run = task_run(engine.run("give"), "give")
    assert run.outputs.keys() == {"$ref", "$bytes", "$sealed"}
    assert run.outputs["$ref"].startswith("kestra:///company/team/probe/executions/")
    assert run.outputs["$ref"].endswith(f"/outputs/{run.id}/attempt-1.json")
    assert run.outputs["$bytes"] == len(read(engine, run.outputs["$ref"])) > LIMIT
    assert engine.tiercel.outputs(run) == {"value": value}


def test_expressions_see_what_is_in_the_file(engine: Engine) -> None:
    give(engine, {"list": [BIG, "last"]})

    @engine.on
    def look(ctx: Any) -> list[Any]:
        length = ctx.render_text("{{ outputs.give.value.list | length }}")
        return [length, BIG in ctx.render_text("{{ outputs }}")]

    execution = engine.run("give", "look")
    assert task_run(execution, "look").outputs == {"value": ["2", True]}
    assert engine.tiercel.evaluate(execution.id, "{{ outputs.give.value.list[1] }}") == "last"


def test_what_is_not_asked_for_is_not_read(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    give(engine, BIG)
    monkeypatch.setattr("tiercel.engine.services.files.FileStore.open", None)
    engine.on(named("look", lambda ctx: ctx.render_text("{{ outputs | keys }}")))
    execution = engine.run("give", "look")
    assert task_run(execution, "look").outputs == {"value": '["give"]'}
    engine.tiercel.hide(execution, {})


def test_a_file_that_was_deleted_fails_whoever_needs_it(engine: Engine) -> None:
    give(engine, BIG)

    @engine.on
    def look(ctx: Any) -> str:
        engine.tiercel.storage.delete_all("")
        return str(ctx.render_text("{{ outputs.give.value }}"))

    execution = engine.run("give", "look")
    assert execution.state is State.FAILED
    uri = task_run(execution, "give").outputs["$ref"]
    assert f"No file at {uri!r}" in task_run(execution, "look").error


def test_purging_the_execution_s_files_leaves_its_outputs(engine: Engine) -> None:
    give(engine, BIG)

    @engine.on
    def purge(ctx: Any) -> list[str]:
        file = ctx.storage.create("file").close()
        return [uri == file for uri in ctx.storage.purge_execution()]

    execution = engine.run("give", "purge")
    assert task_run(execution, "purge").outputs == {"value": [True]}
    assert engine.tiercel.outputs(task_run(execution, "give")) == {"value": BIG}


def test_events_hold_the_reference_only(engine: Engine) -> None:
    give(engine, BIG)
    execution = engine.run("give")
    payloads = [each.payload for each in engine.tiercel.repository.events(execution.id)]
    assert all(len(each) < LIMIT for each in payloads)


def test_the_outputs_of_a_failed_task_are_no_exception(engine: Engine) -> None:
    @engine.on
    def half(ctx: Any) -> None:
        raise TaskError("Only half", outputs={"value": BIG})

    run = task_run(engine.run("half"), "half")
    assert engine.tiercel.outputs(run) == {"value": BIG}


def test_a_task_whose_outputs_cannot_be_stored_fails(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("The disk is full")

    monkeypatch.setattr(engine.tiercel.storage, "create", refuse)
    give(engine, BIG)

    @engine.on
    def half(ctx: Any) -> None:
        raise TaskError("Only half", outputs={"value": BIG})

    assert task_run(engine.run("give"), "give").error == "The disk is full"
    execution = engine.run("half")
    assert (task_run(execution, "half").error, task_run(execution, "half").outputs) == (
        "Only half",
        None,
    )
    assert engine.messages(execution, "WARN") == ["The outputs cannot be stored: The disk is full"]


def test_what_is_encrypted_in_them_stays_so_and_is_hidden(engine: Engine) -> None:
    engine.on(named("give", lambda ctx: {"key": ctx.seal("s3cr3t"), "rest": BIG}))
    engine.on(named("look", lambda ctx: ctx.render_text("{{ outputs.give.value.key }}!")))
    execution = engine.run("give", "look")
    run = task_run(execution, "give")
    assert b"s3cr3t" not in read(engine, run.outputs["$ref"])
    assert task_run(execution, "look").outputs == {"value": "s3cr3t!"}
    # Another engine does not know the secret before it has read the file.
    other = Tiercel(
        settings=engine.tiercel.settings,
        repository=engine.tiercel.repository,
        storage=engine.tiercel.storage,
    )
    shown = other.hide(execution, [dict(each.outputs) for each in execution.task_runs.values()])
    assert "s3cr3t" not in json.dumps(shown)


def test_what_a_cache_gives_again_is_the_execution_s_own(engine: Engine) -> None:
    given = []

    @engine.on
    def give(ctx: Any) -> str:
        given.append(1)
        return BIG

    cached = ", taskCache: {enabled: true}"
    first, second = (task_run(engine.run("give", options=cached), "give") for _ in range(2))
    assert given == [1]
    assert first.outputs["$ref"] != second.outputs["$ref"]
    assert engine.tiercel.outputs(second) == {"value": BIG}


def test_a_flowables_own_steps_keep_theirs(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, inline_limit=10)
    lines = "\n".join(map(str, range(20)))
    flow = f"""
id: batches
namespace: company.team
tasks:
  - {{id: list, type: io.kestra.plugin.core.storage.Write, content: {json.dumps(lines)}}}
  - id: each
    type: io.kestra.plugin.core.flow.ForEachItem
    items: "{{{{ outputs.list.uri }}}}"
    batch: {{rows: 10}}
    namespace: company.team
    flowId: one
"""
    with Tiercel(settings=settings, environ={}) as tiercel:
        one = "id: one\nnamespace: company.team\ntasks: [{id: r, type: %s}]\n"
        tiercel.save_flow(tiercel.load_flow(one % "io.kestra.plugin.core.debug.Return"))
        execution = tiercel.run(flow, timeout=30)
        outputs = [tiercel.outputs(each) for each in execution.task_runs.values()]
    assert execution.state is State.SUCCESS
    assert [each["numberOfBatches"] for each in outputs if each and "iterations" in each] == [2]


# What was read


class Reads:
    def __init__(self) -> None:
        self.uris: list[str] = []

    def __call__(self, reference: Any) -> str:
        self.uris.append(reference["$ref"])
        return reference["$ref"].upper()


def reference(uri: str, size: int) -> dict[str, Any]:
    made = {"$ref": uri, "$bytes": size, "$sealed": False}
    assert is_reference(made)
    return made


def test_what_was_read_last_is_not_read_again() -> None:
    reads = Reads()
    shelf = Shelf(reads, room=100)
    for uri in "aabaab":
        assert shelf.get(reference(uri, 50)) == uri.upper()
    assert reads.uris == ["a", "b"]


def test_what_was_not_needed_for_longest_makes_room() -> None:
    reads = Reads()
    shelf = Shelf(reads, room=100)
    for uri in "abacab":
        shelf.get(reference(uri, 50))
    assert reads.uris == ["a", "b", "c", "b"]


def test_the_last_is_kept_however_big_it_is() -> None:
    reads = Reads()
    shelf = Shelf(reads, room=100)
    for uri in "aabba":
        shelf.get(reference(uri, 5000))
    assert reads.uris == ["a", "b", "a"]


# Errors


def test_the_error_that_is_stored_with_the_task_is_short(engine: Engine) -> None:
    def fail(ctx: Any) -> None:
        raise TaskError("No" * LIMIT * 10)

    engine.on(fail)
    execution = engine.run("fail")
    assert task_run(execution, "fail").error == "No" * 5000 + "… (10000 more characters)"
    assert "all of it is in kestra:///" in engine.messages(execution, "ERROR")[0]
