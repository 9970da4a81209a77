"""What is public is written down: `public_names.json` holds the contract with users of the core.

A name that is added here is promised; one that goes needs a deprecation first.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest

PUBLIC: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("public_names.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("door", PUBLIC)
def test_a_door_exports_what_is_promised_and_no_more(door: str) -> None:
    assert import_module(door).__all__ == PUBLIC[door]


@pytest.mark.parametrize("door", PUBLIC)
def test_what_a_door_exports_is_there(door: str) -> None:
    module = import_module(door)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("door", PUBLIC)
def test_the_exports_of_a_door_are_sorted(door: str) -> None:
    assert sorted(PUBLIC[door]) == PUBLIC[door]


@pytest.mark.parametrize("door", ["tiercel", "tiercel.plugin", "tiercel.testing"])
def test_a_name_that_a_door_does_not_have_is_an_attribute_error(door: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{door}' has no attribute 'nonsense'"):
        _ = import_module(door).nonsense
