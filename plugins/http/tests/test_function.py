"""The `http` function of expressions against a real server on loopback."""

from __future__ import annotations

import json

from tiercel.testing import run_task

RETURN = "io.kestra.plugin.core.debug.Return"


def render(template, server, **variables):
    return run_task(
        {"type": RETURN, "format": template}, variables={"at": server.origin, **variables}
    )


def test_a_json_reply_is_data(server):
    result = render("{{ http(uri=at ~ '/status/200').status + 1 }}", server)
    assert result.outputs == {"value": "201"}


def test_a_text_reply_is_text(server):
    assert render("{{ http(at ~ '/latin') }}", server).outputs == {"value": "né"}


def test_a_map_is_sent_as_json(server):
    render("{{ http(at ~ '/echo', method='post', body={'a': data}) }}", server, data={"b": [1]})
    assert json.loads(server.last.body) == {"a": {"b": [1]}}
    assert server.last.headers["Content-Type"] == "application/json"
    assert server.last.headers["Accept"] == "application/json"


def test_a_map_can_be_sent_as_form(server):
    kind = "application/x-www-form-urlencoded"
    render(f"{{{{ http(at ~ '/echo', 'POST', body={{'a': 1}}, contentType='{kind}') }}}}", server)
    assert server.last.body == b"a=1"


def test_query_headers_and_options_are_used(server):
    options = {"auth": {"type": "BEARER", "token": "t0k3n"}}
    call = "http(at ~ '/echo', query={'q': 'x y'}, headers={'X-One': ['1', '2']}, options=options)"
    render("{{ " + call + " }}", server, options=options)
    assert server.last.path == "/echo?q=x%20y"
    assert server.last.headers.get_all("X-One") == ["1", "2"]
    assert server.last.headers["Authorization"] == "Bearer t0k3n"


def test_a_failed_reply_is_an_error_of_the_expression(server):
    result = render("{{ http(at ~ '/status/404') }}", server)
    assert "Failed to execute HTTP request" in result.error
    assert "'404'" in result.error


def test_an_unknown_option_is_an_error_of_the_expression(server):
    result = render("{{ http(at ~ '/echo', options={'nope': 1}) }}", server)
    assert "nope" in result.error
    assert server.requests == []
