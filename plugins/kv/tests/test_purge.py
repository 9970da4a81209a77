"""`PurgeKV`: pairs of many namespaces go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tiercel import Tiercel
from tiercel.testing import FakeClock
from tiercel_kv.purge import PurgeKV

FLOW = "id: {id}\nnamespace: {namespace}\ntasks:\n- id: t\n  type: {type}\n  {properties}\n"
PURGE = "io.kestra.plugin.core.kv.PurgeKV"
RETURN = "io.kestra.plugin.core.debug.Return"


@pytest.fixture
def tiercel():
    """An engine with a key that lives, and one that expired, in each of three namespaces."""
    clock = FakeClock()
    with Tiercel(environ={}, clock=clock) as tiercel:
        for namespace in ("company", "company.team", "companion"):
            source = FLOW.format(id="f", namespace=namespace, type=RETURN, properties="")
            tiercel.save_flow(tiercel.load_flow(source))
            store = tiercel.services.kv_store(namespace)
            store.set("living", 1)
            store.set("gone", 2, ttl=timedelta(seconds=1))
        clock.move(timedelta(seconds=2))
        yield tiercel


def left(tiercel):
    """Return namespace → its keys, the expired ones too."""
    stores = {
        name: tiercel.services.kv_store(name) for name in ("company", "company.team", "companion")
    }
    return {name: [*store.keys(expired=True), *store.keys()] for name, store in stores.items()}


def purge(tiercel, properties):
    source = FLOW.format(id="p", namespace="other", type=PURGE, properties=properties)
    execution = tiercel.run(source, timeout=20)
    (task_run,) = execution.task_runs.values()
    return execution.state, (task_run.outputs or {}).get("size")


BOTH = ["gone", "living"]


@pytest.mark.parametrize(
    ("properties", "company", "team", "companion"),
    [
        ("", ["living"], ["living"], ["living"]),
        ("namespaces: [company]", ["living"], ["living"], BOTH),
        ("namespaces: [company]\n  includeChildNamespaces: false", ["living"], BOTH, BOTH),
        ("namespacePattern: 'compan*n'", BOTH, BOTH, ["living"]),
        ("behavior: {type: key, expiredOnly: false}", [], [], []),
        ("expiredOnly: false\n  keyPattern: 'l?v*'", ["gone"], ["gone"], ["gone"]),
        ("behavior: {type: version, keepAmount: 1}", BOTH, BOTH, BOTH),
        ("behavior: {type: version, before: '2100-01-01T00:00:00Z'}", BOTH, BOTH, BOTH),
        ("behavior: {type: version}\n  namespaces: [companion]", BOTH, BOTH, []),
    ],
)
def test_pairs_go_as_behavior_and_scope_have_it(tiercel, properties, company, team, companion):
    state, size = purge(tiercel, properties)
    assert state == "SUCCESS"
    assert left(tiercel) == {"company": company, "company.team": team, "companion": companion}
    assert size == 6 - len([*company, *team, *companion])


@pytest.mark.parametrize(
    "properties",
    [
        "namespaces: [a]\n  namespacePattern: b",
        "behavior: {type: version, keepAmount: 1, before: '2024-01-01T00:00:00Z'}",
    ],
)
def test_contradictions_fail_and_delete_nothing(tiercel, properties):
    assert purge(tiercel, properties) == ("FAILED", None)
    assert left(tiercel)["company"] == BOTH


def test_the_example_of_the_docs_runs():
    for example in PurgeKV.examples:
        with Tiercel(environ={}) as tiercel:
            assert tiercel.run(example.code, timeout=20).state == "SUCCESS"
