"""The generated pages: one for every type, with all the schema says, and with valid examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import pytest
import yaml

from tiercel import Registry, Tiercel
from tiercel.errors import TiercelError
from tiercel.schema.docs import Pages, all_pages
from tiercel.schema.types import TYPE_KINDS, describe

LINK = re.compile(r"\]\(#([^)\s]+)\)")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry()


@pytest.fixture(scope="module")
def pages(registry: Registry) -> Pages:
    return all_pages(registry)


@pytest.fixture(scope="module")
def types(registry: Registry) -> list[dict[str, Any]]:
    """Whatever is known of every type."""
    return [
        describe(each, registry.load(kind, each.name))
        for kind in TYPE_KINDS
        for each in registry.canonical(kind)
    ]


@pytest.fixture(scope="module")
def tiercel(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiercel]:
    with Tiercel(tmp_path_factory.mktemp("home"), registry=registry) as opened:
        yield opened


def problems(tiercel: Tiercel, name: str, code: str) -> list[str]:
    """Return what is wrong with a flow, if anything is."""
    try:
        tiercel.load_flow(code)
    except TiercelError as error:
        return [f"{name}: {error}"]
    return []


def test_every_type_has_a_page_that_both_indexes_lead_to(
    pages: Pages, types: list[dict[str, Any]]
) -> None:
    for facts in types:
        name, package = facts["type"], facts["package"]
        assert f"{package}/{name}.md" in pages.texts
        assert f"({name}.md)" in pages.texts[f"{package}/index.md"]
        assert f"({package}/{name}.md)" in pages.texts["index.md"]
    packages = {facts["package"] for facts in types}
    assert len(pages.texts) == len(types) + len(packages) + 1
    assert pages.problems == ()


def test_a_page_lists_all_properties_outputs_metrics_examples_and_names(
    pages: Pages, types: list[dict[str, Any]]
) -> None:
    for facts in types:
        page = pages.texts[f"{facts['package']}/{facts['type']}.md"]
        before, after = page.split("\n## Outputs\n")
        assert [n for n in facts["properties"]["properties"] if f"### `{n}`\n" not in before] == []
        outputs = (facts["outputs"] or {}).get("properties", {})
        assert [name for name in outputs if f"- `{name}` (" not in after] == []
        assert [m for m in facts["metrics"] if f"- `{m['name']}` ({m['kind']})" not in after] == []
        assert [e for e in facts["examples"] if dedent(e["code"]).strip() not in before] == []
        assert [name for name in facts["aliases"] if f"`{name}`" not in before] == []


def test_every_link_within_a_page_has_a_heading_to_go_to(pages: Pages) -> None:
    for path, text in pages.texts.items():
        titles = re.findall("^#+ (.*)", text, re.M)
        slugs = {re.sub("[^a-z0-9_-]", "", each.lower().replace(" ", "-")) for each in titles}
        assert set(LINK.findall(text)) - slugs == set(), path


def test_every_example_that_is_a_whole_flow_is_valid_and_uses_its_type(
    tiercel: Tiercel, types: list[dict[str, Any]]
) -> None:
    wrong = []
    for facts in types:
        for example in facts["examples"]:
            if example["full"]:
                wrong += problems(tiercel, facts["type"], dedent(example["code"]))
                names = [facts["type"], *facts["aliases"]]
                assert any(name in example["code"] for name in names), facts["type"]
    assert wrong == []


def test_every_example_that_is_a_part_is_valid_within_a_flow(
    tiercel: Tiercel, types: list[dict[str, Any]]
) -> None:
    wrong = []
    for facts in types:
        for example in facts["examples"]:
            if not example["full"]:
                task = yaml.safe_load(dedent(example["code"]))
                flow = {"id": "part", "namespace": "company.team", "tasks": [task]}
                wrong += problems(tiercel, facts["type"], yaml.safe_dump(flow))
    assert wrong == []
