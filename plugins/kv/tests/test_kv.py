"""The key-value tasks on the engine's own worker and store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tiercel.plugin import NotFoundError
from tiercel.testing import FakeClock, run_task


def kv(kind, **properties):
    given = {key: properties.pop(key) for key in ("given", "variables") if key in properties}
    return run_task(
        {"type": f"io.kestra.plugin.core.kv.{kind}", **properties},
        kv=given.get("given"),
        variables=given.get("variables"),
    )


def test_set_writes_a_rendered_text():
    assert kv("Set", key="k", value="hi {{ flow.id }}").kv().get("k") == "hi test_flow"


def test_set_without_type_keeps_text_as_text():
    for text in ("42", "true", '{"a": 1}'):
        assert kv("Set", key="k", value=text).kv().get("k") == text


def test_set_without_type_keeps_the_type_of_a_lone_expression():
    result = kv("Set", key="k", value="{{ data }}", variables={"data": {"a": [1, 2]}})
    assert result.kv().get("k") == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("STRING", "42", "42"),
        ("NUMBER", "42", 42),
        ("NUMBER", "-4.5", -4.5),
        ("BOOLEAN", "TRUE", True),
        ("BOOLEAN", "anything", False),
        ("DATETIME", "2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("DATETIME", "2024-01-02T03:04:05+01:00", datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC)),
        ("DATE", "2024-01-02", date(2024, 1, 2)),
        ("DATE", "2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("DURATION", "PT5M", timedelta(minutes=5)),
        ("JSON", '{"a": [1, null]}', {"a": [1, None]}),
        ("JSON", "null", None),
    ],
)
def test_set_reads_a_text_as_its_type(kind, text, value):
    result = kv("Set", key="k", value=text, kvType=kind)
    assert result.error is None
    assert result.kv().get("k") == value
    assert type(result.kv().get("k")) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("NUMBER", "many"),
        ("NUMBER", "true"),
        ("NUMBER", "NaN"),
        ("DATETIME", "yesterday"),
        ("DATE", "2024-13-01"),
        ("DURATION", "5 minutes"),
        ("JSON", "{'a': 1}"),
    ],
)
def test_set_refuses_a_text_that_is_not_of_its_type(kind, text):
    result = kv("Set", key="k", value=text, kvType=kind)
    assert result.error.startswith(f"Value {text!r} is not of kvType {kind}; write it like ")
    assert not result.retryable


@pytest.mark.parametrize("key", ["bad key!", "", "-a", ".a", "ä", "a/b"])
@pytest.mark.parametrize(("kind", "more"), [("Set", {"value": "x"}), ("Get", {}), ("Delete", {})])
def test_a_key_with_other_characters_is_refused(kind, more, key):
    assert kv(kind, key=key, **more).error.startswith("Key must start with an alphanumeric")


def test_set_replaces_a_value_unless_it_may_not():
    assert kv("Set", key="k", value="new", given={"k": "old"}).kv().get("k") == "new"
    result = kv("Set", key="k", value="new", overwrite=False, given={"k": "old"})
    assert result.error == (
        "Cannot set value for key 'k'. Key already exists and `overwrite` is set to `false`."
    )
    assert result.kv().get("k") == "old"


def test_set_writes_to_another_namespace():
    result = kv("Set", key="k", value="x", namespace="company")
    assert result.kv("company").get("k") == "x"
    assert list(result.kv().keys()) == []


def test_a_value_ends_with_its_time_to_live():
    clock = FakeClock()
    task = {"type": "io.kestra.plugin.core.kv.Set", "key": "k", "value": "x", "ttl": "PT1H"}
    store = run_task(task, clock=clock).kv()
    clock.move(timedelta(minutes=59))
    assert store.get("k") == "x"
    clock.move(timedelta(minutes=2))
    with pytest.raises(NotFoundError):
        store.get("k")


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ("text", "text"),
        (42, 42),
        ({"a": [1]}, {"a": [1]}),
        (timedelta(minutes=5), 300.0),
        (datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "2024-01-02T03:04:05Z"),
        (date(2024, 1, 2), "2024-01-02"),
    ],
)
def test_get_returns_a_value_as_outputs_hold_it(stored, value):
    assert kv("Get", key="k", given={"k": stored}).outputs == {"value": value}


def test_get_of_a_missing_key_gives_nothing_or_fails():
    assert kv("Get", key="k").outputs == {}
    assert kv("Get", key="k", errorOnMissing=True).error == (
        "No value found for key 'k' in namespace 'company.team' and `errorOnMissing` is set to true"
    )


def test_put_replaces_a_value_by_text():
    assert kv("Put", key="k", value="{{ 1 + 1 }}", given={"k": 1}).kv().get("k") == "2"


def test_put_stores_a_mapping_as_json_text():
    result = kv("Put", key="k", value={"b": {"d": 3}, "e": "{{ 2 * 2 }}"})
    assert result.kv().get("k") == '{"b":{"d":3},"e":"4"}'


def test_put_of_a_missing_key_makes_it_or_fails():
    assert kv("Put", key="k", value="x").kv().get("k") == "x"
    assert "No value found" in kv("Put", key="k", value="x", errorOnMissing=True).error


def test_delete_says_whether_there_was_a_key():
    result = kv("Delete", key="k", given={"k": 1})
    assert result.outputs == {"deleted": True}
    assert list(result.kv().keys()) == []
    assert kv("Delete", key="k").outputs == {"deleted": False}


def test_delete_of_a_missing_key_can_fail():
    result = kv("Delete", key="k", namespace="company", errorOnMissing=True)
    assert "No value found for key 'k' in namespace 'company'" in result.error


def test_keys_are_listed_in_order_and_by_prefix():
    given = {"pre_b": 1, "other": 2, "pre_a": 3}
    assert kv("GetKeys", given=given).outputs == {"keys": ["other", "pre_a", "pre_b"]}
    assert kv("GetKeys", prefix="pre_", given=given).outputs == {"keys": ["pre_a", "pre_b"]}
    assert kv("GetKeys", namespace="empty").outputs == {"keys": []}
