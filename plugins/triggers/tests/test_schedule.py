"""The triggers that follow dates, asked for the next one and the last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from tiercel import Tiercel
from tiercel.plugin import TaskError
from tiercel.testing import load_trigger, trigger_context

TRIGGER = "io.kestra.plugin.core.trigger."
WEEKEND = {"type": "io.kestra.plugin.core.condition.Weekend"}
DATES = ["2030-06-01T10:00:00+02:00", "2030-02-01T10:00:00.5Z", "2029-01-01T00:00:00Z"]


def schedule(cron="0 8 * * *", **properties):
    return load_trigger({"type": TRIGGER + "Schedule", "cron": cron, **properties})


def on_dates(**properties):
    return load_trigger({"type": TRIGGER + "ScheduleOnDates", "dates": DATES, **properties})


def test_a_schedule_answers_in_its_own_time_zone():
    trigger = schedule(timezone="Asia/Kolkata")
    after = datetime(2024, 1, 1, tzinfo=UTC)
    context = trigger_context()
    assert trigger.next_date(after, context).isoformat() == "2024-01-01T08:00:00+05:30"
    assert trigger.previous_date(after, context).isoformat() == "2023-12-31T08:00:00+05:30"


@pytest.mark.parametrize("zone", ["+02:00", "UTC+2", "Etc/GMT-2"])
def test_a_time_zone_may_be_an_offset(zone):
    trigger = schedule(timezone=zone)
    date = trigger.next_date(datetime(2024, 1, 1, tzinfo=UTC), trigger_context())
    assert date.isoformat() == "2024-01-01T08:00:00+02:00"


def test_a_schedule_may_have_seconds():
    trigger = schedule("*/15 * * * * *", withSeconds=True)
    date = trigger.next_date(datetime(2024, 1, 1, 0, 0, 3, tzinfo=UTC), trigger_context())
    assert date == datetime(2024, 1, 1, 0, 0, 15, tzinfo=UTC)


def test_conditions_count_under_either_name():
    trigger = schedule(conditions=[WEEKEND], scheduleConditions=[WEEKEND, WEEKEND])
    assert len(trigger.all_conditions()) == 3
    assert schedule().all_conditions() == ()


def test_a_schedule_says_how_late_it_may_be():
    assert schedule(lateMaximumDelay="PT10M").maximum_delay() == timedelta(minutes=10)
    assert schedule().maximum_delay() is None


def test_an_older_type_and_older_properties_are_taken():
    older = "io.kestra.core.models.triggers.types.Schedule"
    trigger = load_trigger({"type": older, "cron": "@daily", "backfill": {"start": "2024-01-01"}})
    assert trigger.type_name == TRIGGER + "Schedule"


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        (
            {"cron": "*/15 * * * * *"},
            "triggers[0]: invalid cron expression '*/15 * * * * *': "
            "Cron expression contains 6 parts but we expect one of [5]",
        ),
        (
            {"cron": "0 * * * *", "timezone": "Mars/Base"},
            "triggers[0].timezone: timezone '(Mars/Base)' is not a valid time-zone ID",
        ),
        ({}, "triggers[0].cron: must not be null"),
    ],
)
def test_a_wrong_schedule_is_a_problem_of_its_flow(properties, problem):
    trigger = {"id": "t", "type": TRIGGER + "Schedule", **properties}
    task = {"id": "a", "type": "io.kestra.plugin.core.debug.Return"}
    report = Tiercel().examine(
        f"id: f\nnamespace: company.team\ntasks: [{task}]\ntriggers: [{trigger}]"
    )
    assert report.constraints == [problem]


def test_seconds_are_wanted_when_they_are_announced():
    with pytest.raises(ValidationError, match="contains 5 parts but we expect one of"):
        schedule("0 8 * * *", withSeconds=True)


def test_dates_come_in_order_whatever_order_they_are_written_in():
    trigger, context = on_dates(timezone="Europe/Paris"), trigger_context()
    found = [datetime(2024, 1, 1, tzinfo=UTC)]
    while found[-1] is not None:
        found.append(trigger.next_date(found[-1], context))
    assert [each.isoformat() for each in found[1:-1]] == [
        "2029-01-01T01:00:00+01:00",
        "2030-02-01T11:00:00+01:00",
        "2030-06-01T10:00:00+02:00",
    ]


def test_the_last_of_the_dates_is_the_one_before():
    trigger, context = on_dates(), trigger_context()
    assert trigger.previous_date(datetime(2029, 1, 1, tzinfo=UTC), context) is None
    last = trigger.previous_date(datetime(2030, 5, 1, tzinfo=UTC), context)
    assert last == datetime(2030, 2, 1, 10, tzinfo=UTC)


def test_an_execution_on_a_date_sees_that_date_alone():
    date = datetime(2030, 2, 1, 10, tzinfo=UTC)
    assert on_dates().date_variables(date, date, date) == {"date": date}


def test_dates_and_zone_may_be_expressions():
    trigger = on_dates(dates="{{ kv('dates') }}", timezone="{{ kv('zone') }}")
    context = trigger_context(kv={"dates": ["2030-01-01T00:00:00Z"], "zone": "Asia/Tokyo"})
    date = trigger.next_date(datetime(2024, 1, 1, tzinfo=UTC), context)
    assert date.isoformat() == "2030-01-01T09:00:00+09:00"


def test_what_is_no_list_of_dates_is_told():
    with pytest.raises(TaskError, match="'tomorrow' is no date"):
        on_dates(dates=["tomorrow"]).next_date(datetime(2024, 1, 1, tzinfo=UTC), trigger_context())
