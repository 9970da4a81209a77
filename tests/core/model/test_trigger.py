from __future__ import annotations

from collections.abc import Callable

from tiercel.model.flow import Flow
from tiercel.model.load import Report

Read = Callable[..., Flow]
Look = Callable[..., Report]


def test_triggers_and_their_conditions_are_the_classes_that_plugins_bring(read: Read) -> None:
    conditions = "conditions: [{type: test.Weekday, day: MONDAY}]"
    flow = read(f"triggers: [{{id: t, type: test.Clock, cron: x, {conditions}}}]")
    (trigger,) = flow.triggers or ()
    (condition,) = trigger.conditions or ()
    assert (type(trigger).__name__, type(condition).__name__) == ("Clock", "Weekday")


def test_a_task_is_no_trigger(look: Look) -> None:
    (problem,) = look("triggers: [{id: t, type: test.Echo}]").problems
    assert problem.message.startswith("Invalid type: test.Echo")


def test_a_triggers_properties_are_checked(look: Look) -> None:
    text = "triggers: [{id: t, type: test.Clock, cron: x, logLevel: LOUD}]"
    (line,) = look(text).constraints
    assert line.startswith('triggers[0].logLevel: String "LOUD": not one of')
