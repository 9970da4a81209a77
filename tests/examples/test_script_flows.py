"""The example flows with scripts, end to end: as processes and in containers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from products_api import server

from tiercel import Execution, Tiercel

FLOWS = Path(__file__).parents[2] / "examples/flows"
ROWS = "{{ fromIon(read(outputs.sqlQuery.uri), allRows=true) | toJson }}"
CONTAINERS = pytest.mark.xdist_group("containers")


@pytest.fixture
def products() -> Iterator[dict[str, str]]:
    """Serve the products; yield the input that says where."""
    with server.serving() as url:
        yield {"api_url": f"{url}/products"}


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    with Tiercel() as tiercel:
        yield tiercel


def succeeded(tiercel: Tiercel, flow: str, inputs: dict[str, Any]) -> Execution:
    execution = tiercel.run(flow, inputs)
    said = [entry.message for entry in tiercel.logs(execution.id)]
    assert execution.state == "SUCCESS", said
    return execution


def is_priced_by_brand(tiercel: Tiercel, execution: Execution) -> bool:
    """Return whether the query's result is the average price of every brand, dearest first."""
    prices: dict[str, list[float]] = {}
    for product in server.PRODUCTS:
        prices.setdefault(product["brand"], []).append(product["price"])
    averages = {brand: round(sum(each) / len(each), 2) for brand, each in prices.items()}
    rows = json.loads(tiercel.evaluate(execution.id, ROWS))
    found = {row["brand"]: row["avg_price"] for row in rows}
    return found == averages and list(found.values()) == sorted(found.values(), reverse=True)


def in_image(name: str, image: str) -> str:
    """Return an example flow's text, its image replaced by one that is at hand."""
    text = (FLOWS / f"{name}.yaml").read_text(encoding="utf-8")
    text, count = re.subn(r"containerImage: python:\S+", f"containerImage: {image}", text)
    assert count == 1
    return text


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["getting_started_polars", "getting_started_legacy"])
def test_getting_started_runs_its_script_as_a_process(
    tiercel: Tiercel, products: dict[str, str], name: str
) -> None:
    execution = succeeded(tiercel, FLOWS / f"{name}.yaml", products)
    assert is_priced_by_brand(tiercel, execution)


@CONTAINERS
@pytest.mark.usefixtures("offline")
def test_getting_started_runs_its_script_in_a_container(
    tiercel: Tiercel, products: dict[str, str], image: str
) -> None:
    flow = in_image("getting_started_container", image)
    execution = succeeded(tiercel, flow, products)
    assert is_priced_by_brand(tiercel, execution)
    assert "containerId" in tiercel.evaluate(execution.id, "{{ outputs.python.taskRunner }}")


@CONTAINERS
@pytest.mark.usefixtures("offline")
def test_a_script_in_a_container_makes_a_file_of_an_output(
    tiercel: Tiercel, products: dict[str, str], image: str
) -> None:
    execution = succeeded(tiercel, in_image("getting_started_output", image), products)
    expression = "{{ read(outputs.python.outputFiles['products.csv']) }}"
    lines = tiercel.evaluate(execution.id, expression).splitlines()
    assert lines[0] == "brand,price"
    assert len(lines) == 1 + len(server.PRODUCTS)


@CONTAINERS
def test_a_script_in_a_container_prints_to_the_log(tiercel: Tiercel, image: str) -> None:
    execution = succeeded(tiercel, in_image("getting_started_python", image), {})
    assert "Hello World!" in [entry.message for entry in tiercel.logs(execution.id)]


@CONTAINERS
@pytest.mark.usefixtures("offline")
def test_a_script_in_a_container_fetches_page_by_page(
    tiercel: Tiercel, products: dict[str, str], image: str
) -> None:
    execution = succeeded(tiercel, in_image("fetch_with_script", image), products)
    expression = "{{ read(outputs.fetch_all_products.outputFiles['all_products.json']) }}"
    assert json.loads(tiercel.evaluate(execution.id, expression)) == server.PRODUCTS


def test_a_file_given_as_an_input_reaches_a_script(tiercel: Tiercel, tmp_path: Path) -> None:
    (tmp_path / "myfile.json").write_text('{"large": true}')
    flow = FLOWS / "large_json_payload.yaml"
    execution = succeeded(tiercel, flow, {"myCustomFileInput": tmp_path / "myfile.json"})
    assert '{"large": true}' in [entry.message for entry in tiercel.logs(execution.id)]
