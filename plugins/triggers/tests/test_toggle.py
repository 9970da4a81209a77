from __future__ import annotations

import pytest

from tiercel import State, Tiercel

FLOW = """
id: toggled
namespace: company.team
tasks:
  - {{id: t, type: io.kestra.plugin.core.trigger.Toggle, trigger: daily{options}}}
triggers:
  - {{id: daily, type: io.kestra.plugin.core.trigger.Schedule, cron: "@daily"}}
"""
OTHER = """
id: other
namespace: company.other
tasks:
  - {{id: t, type: io.kestra.plugin.core.trigger.Toggle, {options}}}
"""


@pytest.fixture
def tiercel() -> Tiercel:
    tiercel = Tiercel()
    tiercel.save_flow(tiercel.load_flow(FLOW.format(options="")))
    return tiercel


def is_on(tiercel: Tiercel) -> bool:
    return not tiercel.triggers.get("company.team", "toggled", "daily").state.disabled


def test_a_trigger_is_turned_off_and_on_again(tiercel: Tiercel) -> None:
    with tiercel:
        assert tiercel.run(FLOW.format(options=""), timeout=20).state is State.SUCCESS
        assert not is_on(tiercel)
        tiercel.run(FLOW.format(options=", enabled: true"), timeout=20)
        assert is_on(tiercel)


def test_a_trigger_of_another_flow_is_turned_off(tiercel: Tiercel) -> None:
    options = "trigger: '{{ \"daily\" }}', namespace: company.team, flowId: toggled"
    with tiercel:
        assert tiercel.run(OTHER.format(options=options), timeout=20).state is State.SUCCESS
        assert not is_on(tiercel)


def test_an_unknown_trigger_fails_the_task(tiercel: Tiercel) -> None:
    with tiercel:
        execution = tiercel.run(OTHER.format(options="trigger: daily"), timeout=20)
        assert execution.state is State.FAILED
        messages = [line.message for line in tiercel.logs(execution.id)]
        assert "There is no trigger 'daily' of a deployed flow company.other.other" in messages[0]
