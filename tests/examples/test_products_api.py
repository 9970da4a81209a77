"""The products API that `make run` serves to the example flows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from products_api import server


@pytest.fixture
def connection() -> Iterator[HTTPConnection]:
    with server.serving() as url:
        connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
        yield connection
        connection.close()


def test_all_products_are_answered_in_one_page(connection: HTTPConnection) -> None:
    connection.request("GET", "/products")
    body = json.load(connection.getresponse())
    assert body["total"] == len(body["products"]) == 30


def test_a_page_is_cut_by_skip_and_limit() -> None:
    status, body = server.answer("/products?skip=2&limit=3")
    assert status == 200
    assert [product["id"] for product in body["products"]] == [3, 4, 5]


def test_a_category_keeps_its_own_products_only() -> None:
    _, body = server.answer("/products?category=kitchen")
    assert {product["category"] for product in body["products"]} == {"kitchen"}


def test_one_product_is_answered_by_its_number(connection: HTTPConnection) -> None:
    connection.request("GET", "/products/30")
    assert json.load(connection.getresponse())["title"] == "Émaillé mug, 35 cl"


@pytest.mark.parametrize("target", ["/products/31", "/products/x", "/", "/elsewhere"])
def test_what_does_not_exist_is_a_404_with_a_message(
    connection: HTTPConnection, target: str
) -> None:
    connection.request("GET", target)
    response = connection.getresponse()
    assert response.status == 404
    assert json.load(response)["message"]


def test_a_limit_that_is_no_number_is_a_400() -> None:
    status, body = server.answer("/products?limit=many")
    assert status == 400
    assert "many" in body["message"]


def test_brands_have_different_average_prices() -> None:
    prices: dict[str, list[float]] = {}
    for product in server.PRODUCTS:
        prices.setdefault(product["brand"], []).append(product["price"])
    averages = [round(sum(values) / len(values), 2) for values in prices.values()]
    assert len(averages) == len(set(averages)) > 5
