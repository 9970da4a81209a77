"""The stored flows, as tasks see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tiercel import FlowError, NotFoundError, Tiercel
from tiercel.plugin.context import Flows

FLOW = """\
id: {id}
namespace: {namespace}
tasks:
  - id: hello
    type: io.kestra.plugin.core.log.Log
    message: {message}
"""


def source(flow_id: str, namespace: str = "company", message: str = "hi") -> str:
    return FLOW.format(id=flow_id, namespace=namespace, message=message)


@pytest.fixture
def flows() -> Iterator[Flows]:
    with Tiercel() as tiercel:
        yield tiercel.services.flows


def test_a_saved_flow_is_found_with_its_text(flows: Flows) -> None:
    saved = flows.save(source("one"))
    assert (saved.namespace, saved.id, saved.revision) == ("company", "one", 1)
    assert list(flows.find("company")) == [saved]
    assert saved.source == source("one")


def test_flows_below_a_namespace_are_found_on_request(flows: Flows) -> None:
    for namespace in ("company", "company.team", "company2"):
        flows.save(source("one", namespace))
    assert [flow.namespace for flow in flows.find("company")] == ["company"]
    assert [flow.namespace for flow in flows.find("company", below=True)] == [
        "company",
        "company.team",
    ]


def test_a_text_that_is_stored_already_makes_no_new_revision(flows: Flows) -> None:
    assert [flows.save(source("one")).revision for _ in range(2)] == [1, 1]
    assert flows.save(source("one", message="other")).revision == 2


def test_checking_tells_the_revision_and_stores_nothing(flows: Flows) -> None:
    assert flows.check(source("one")).revision == 1
    assert list(flows.find("company")) == []
    flows.save(source("one"))
    assert flows.check(source("one")).revision == 1
    assert flows.check(source("one", message="other")).revision == 2


def test_a_flow_that_is_wrong_is_told(flows: Flows) -> None:
    for action in (flows.check, flows.save):
        with pytest.raises(FlowError, match="tasks"):
            action("id: broken\nnamespace: company\n")


def test_a_deleted_flow_is_gone(flows: Flows) -> None:
    flows.save(source("one"))
    flows.delete("company", "one")
    assert list(flows.find("company")) == []
    with pytest.raises(NotFoundError):
        flows.delete("company", "one")
    assert flows.check(source("one")).revision == 2
