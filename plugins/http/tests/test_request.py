"""`Request` against a real server on loopback."""

from __future__ import annotations

import json
import threading
import tracemalloc
from typing import Any

import pytest

from tiercel.testing import run_task

REQUEST = "io.kestra.plugin.core.http.Request"


def echoed(result: Any) -> dict[str, Any]:
    assert result.error is None
    return json.loads(result.outputs["body"])


def test_a_json_reply_is_kept_as_it_came(server):
    result = server.call("/status/200")
    assert result.outputs["body"] == '{"status": 200}'
    assert result.outputs["code"] == 200
    assert result.outputs["uri"] == f"{server.origin}/status/200"
    assert result.outputs["headers"]["content-type"] == ["application/json"]


def test_a_get_says_what_kestras_client_says(server):
    headers = echoed(server.call("/echo"))["headers"]
    assert headers["user-agent"] == "Kestra"
    assert headers["content-type"] == "application/json"
    assert "accept" not in headers


def test_given_headers_replace_the_type_of_a_body_that_is_not_there(server):
    headers = echoed(server.call("/echo", headers={"X-One": 1, "user-agent": "me"}))["headers"]
    assert headers["x-one"] == "1"
    assert headers["user-agent"] == "me"
    assert "content-type" not in headers


def test_params_join_those_of_the_uri(server):
    result = server.call("/echo?a=1", params={"b": ["x y", "z&"], "c": None, "d": 5})
    assert echoed(result)["query"] == {"a": ["1"], "b": ["x y", "z&"], "d": ["5"]}
    assert result.outputs["uri"].endswith("/echo?a=1&b=x%20y&b=z%26&d=5")


def test_spaces_in_a_uri_are_escaped(server):
    assert server.call("/status/200/a b").outputs["uri"].endswith("/a%20b")


@pytest.mark.parametrize("method", ["POST", "put", "PATCH", "DELETE"])
def test_a_text_is_sent_with_its_type_and_charset(server, method):
    seen = echoed(server.call("/echo", method=method, body="é", contentType="text/plain"))
    assert seen["method"] == method.upper()
    assert seen["headers"]["content-type"] == "text/plain; charset=UTF-8"
    assert seen["text"] == "é"


def test_a_text_is_sent_in_the_default_charset(server):
    server.call("/echo", method="POST", body="é", options={"defaultCharset": "ISO-8859-1"})
    assert server.last.body == "é".encode("latin-1")
    assert server.last.headers["Content-Type"] == "application/json; charset=ISO-8859-1"


def test_a_charset_of_the_content_type_wins(server):
    server.call("/echo", method="POST", body="é", contentType="text/plain; charset=latin-1")
    assert server.last.body == "é".encode("latin-1")
    assert server.last.headers["Content-Type"] == "text/plain; charset=latin-1"


def test_a_text_that_does_not_fit_its_charset_is_an_error(server):
    result = server.call("/echo", method="POST", body="é", options={"defaultCharset": "ascii"})
    assert "Body cannot be sent as ascii" in result.error


def test_an_unknown_charset_is_named(server):
    result = server.call("/echo", options={"defaultCharset": "utf-99"})
    assert "Unknown charset 'utf-99'" in result.error
    assert not result.retryable


def test_a_map_expression_makes_a_json_body(server):
    body = '{{ {"title": "a \\"quoted\\"\nline", "n": 5} }}'
    seen = echoed(server.call("/echo", method="POST", body=body))
    assert json.loads(seen["text"]) == {"title": 'a "quoted"\nline', "n": 5}


def test_a_stored_file_is_streamed_as_body(server):
    server.call("/echo", method="POST", body="{{ files.data }}", files={"data": b"\x00\xff" * 9})
    assert server.last.body == b"\x00\xff" * 9
    assert server.last.headers["Content-Type"] == "application/json"
    assert server.last.headers["Content-Length"] == "18"


def test_a_missing_stored_file_fails_before_anything_is_sent(server):
    result = server.call("/echo", method="POST", body="kestra:///company/team/none.txt")
    assert "kestra:///company/team/none.txt" in result.error
    assert server.requests == []


def test_a_head_reply_has_no_body(server):
    result = server.call("/status/200", method="HEAD")
    assert "body" not in result.outputs
    assert result.outputs["headers"]["content-length"] == ["15"]


def test_a_204_reply_has_no_body(server):
    assert "body" not in server.call("/nothing").outputs


def test_an_empty_reply_has_an_empty_body(server):
    assert server.call("/empty").outputs["body"] == ""


def test_all_values_of_a_header_are_kept(server):
    assert server.call("/many").outputs["headers"]["x-many"] == ["one", "two"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_reply_is_decompressed(server, encoding):
    outputs = server.call(f"/{encoding}").outputs
    assert outputs["body"] == "packed " * 1000
    assert not {"content-encoding", "content-length"} & outputs["headers"].keys()


def test_a_broken_compressed_reply_is_an_error(server):
    assert "cannot be decompressed" in server.call("/broken-gzip").error


@pytest.mark.parametrize(
    ("path", "body"), [("chunked", "one two three"), ("until-close", "to the end")]
)
def test_a_reply_of_unknown_length_is_read_to_its_end(server, path, body):
    assert server.call(f"/{path}").outputs["body"] == body


def test_the_charset_of_the_reply_is_used(server):
    assert server.call("/latin").outputs["body"] == "né"


def test_a_binary_reply_is_warned_about(server):
    result = server.call("/binary")
    assert result.outputs["body"] == "\ufffd\ufffd\x00a"
    assert "use Download" in result.messages("WARN")[0]


def test_redirects_are_followed(server):
    result = server.call("/redirect/2", method="POST", body="x")
    assert echoed(result)["method"] == "GET"
    assert result.outputs["uri"] == f"{server.origin}/redirect/2"


def test_cookies_are_kept_from_redirect_to_redirect_but_not_for_other_requests(server):
    assert echoed(server.call("/log-in")) == {"cookies": "session=s1"}
    assert echoed(server.call("/cookies")) == {"cookies": None}


def test_redirects_are_not_followed_when_told_so(server):
    outputs = server.call("/redirect/2", options={"followRedirects": False}).outputs
    assert outputs["code"] == 302
    assert outputs["headers"]["location"] == ["/redirect/1"]
    assert outputs["body"] == ""


def test_a_body_is_sent_again_after_a_307(server):
    path = "/moved?to=/echo"
    result = server.call(path, method="POST", body="{{ files.data }}", files={"data": b"again"})
    assert echoed(result)["text"] == "again"


def test_endless_redirects_end(server):
    assert "Too many redirects" in server.call("/redirect/99").error


def test_a_redirect_to_another_scheme_is_an_error(server):
    assert "'ftp' is neither http nor https" in server.call("/moved?to=ftp://127.0.0.1/x").error


@pytest.mark.parametrize("code", [400, 404, 500, 503])
def test_a_failed_status_code_fails_the_task_at_once(server, code):
    result = server.call(f"/status/{code}")
    assert result.state == "FAILED"
    assert result.error == (
        f"Failed http request with response code '{code}' and body:\n{{\"status\": {code}}}"
    )
    assert len(server.requests) == 1


@pytest.mark.parametrize("place", [{"options": {"allowFailed": True}}, {"allowFailed": True}])
def test_a_failed_status_code_can_be_allowed(server, place):
    assert server.call("/status/500", **place).outputs["code"] == 500


def test_allowed_response_codes_are_the_only_ones(server):
    options = {"allowedResponseCodes": [404, "{{ 410 }}"]}
    assert server.call("/status/404", options=options).outputs["code"] == 404
    assert "response code '500'" in server.call("/status/500", options=options).error
    assert "response code '200'" in server.call("/status/200", options=options).error


def test_a_reply_longer_than_the_limit_is_refused(server):
    assert server.call("/big/100", options={"maxContentLength": 100}).state == "SUCCESS"
    result = server.call("/big/101", options={"maxContentLength": 100})
    assert "longer than 100 bytes; raise options.maxContentLength" in result.error
    assert "Download" in result.error


def test_the_limit_counts_decompressed_bytes(server):
    result = server.call("/gzip", options={"maxContentLength": 1000})
    assert "longer than 1000 bytes" in result.error


def test_the_limit_ends_a_reply_before_it_fills_the_memory(server):
    # A quarter of a gibibyte of zeros: 256 KiB compressed, which is less than one piece.
    tracemalloc.start()
    result = server.call(f"/zeros/{1 << 28}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "longer than 10485760 bytes" in result.error
    assert peak < 100 * 1024 * 1024


def test_ten_mebibytes_are_the_limit_by_default(server):
    assert "longer than 10485760 bytes" in server.call(f"/big/{10 * 1024 * 1024 + 1}").error


def test_an_unreachable_server_is_named():
    result = run_task({"type": REQUEST, "uri": "http://ada:secret@127.0.0.1:9/p?key=hidden"})
    assert result.error == "Connect to http://127.0.0.1:9 failed: Connection refused"


def test_an_unknown_host_is_named():
    result = run_task({"type": REQUEST, "uri": "http://no-such-host.invalid/p"})
    assert result.error.startswith("Connect to http://no-such-host.invalid failed: ")


@pytest.mark.parametrize("uri", ["not a uri", "/path", "http://", "https:///path"])
def test_a_uri_without_host_is_an_error(uri):
    result = run_task({"type": REQUEST, "uri": uri})
    assert result.error.startswith("Target host is not specified")
    assert not result.retryable


@pytest.mark.parametrize("uri", ["ftp://host/x", "http://host:none/", "http://[::1/"])
def test_a_uri_that_is_none_is_an_error(uri):
    result = run_task({"type": REQUEST, "uri": uri})
    assert "URI" in result.error
    assert not result.retryable


def test_a_server_that_stays_silent_is_given_up(server):
    result = server.call("/silent", options={"timeout": {"readIdleTimeout": "PT0.05S"}})
    assert result.error.startswith(f"Read timed out: {server.origin}/silent was silent for 0.05 s")


def test_a_server_that_falls_silent_is_given_up(server):
    result = server.call("/stalled", options={"readTimeout": "PT0.05S"})
    assert result.error.startswith("Read timed out")


def test_a_reply_that_breaks_off_is_an_error(server):
    result = server.call("/cut")
    assert "closed the connection 991 bytes before the end" in result.error
    assert f"{server.origin}/cut" in result.error


def test_a_header_with_a_line_break_is_refused(server):
    result = server.call("/echo", headers={"X-One": "a\nX-Two: b"})
    assert "cannot be sent" in result.error
    assert server.requests == []


def test_killing_the_task_breaks_the_connection_off(server):
    from tiercel.testing import start_task

    running = start_task({"type": REQUEST, "uri": f"{server.origin}/silent"})
    assert server.reached.wait(10)
    running.kill()
    assert running.result(10).state == "KILLED"


def test_secrets_in_a_uri_stay_out_of_outputs_and_errors(server):
    path = "/status/{{ 200 }}?key={{ secret('API_KEY') }}"
    result = server.call(path, secrets={"API_KEY": "golden-secret"})
    assert result.outputs["uri"] == f"{server.origin}/status/200?key=******"
    assert "golden-secret" in server.last.path


def test_passwords_in_a_uri_are_used_and_left_out_of_outputs(server):
    uri = f"{server.origin.replace('://', '://ada:lovelace@')}/basic"
    result = run_task({"type": REQUEST, "uri": uri})
    assert result.outputs["uri"] == f"{server.origin}/basic"


def test_metrics_count_what_was_sent_and_received(server):
    result = server.call("/echo", method="POST", body="12345")
    values = {metric.name: metric.value for metric in result.metrics}
    assert values["request.bytes"] == 5
    assert values["response.bytes"] == values["response.length"] > 0
    assert values["request.count"] == values["response.count"] == 1
    assert dict(result.metrics[0].tags) == {
        "request.method": "POST",
        "request.scheme": "http",
        "request.hostname": "127.0.0.1",
        "response.code": "200",
    }


def test_logs_show_headers_and_bodies_without_credentials(server):
    options = {
        "auth": {"type": "BEARER", "token": "t0k3n"},
        "logs": ["REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY"],
    }
    result = server.call("/echo", method="POST", body="hello", options=options)
    assert any("content-type: application/json" in line for line in result.messages("DEBUG"))
    assert result.messages("TRACE")[0] == "request payload:\n    hello"
    assert result.messages("TRACE")[1].startswith("response payload:\n    {")
    assert "t0k3n" not in "".join(line for line in result.messages("DEBUG"))


@pytest.mark.parametrize(("level", "lines"), [("TRACE", 4), ("INFO", 2), ("WARN", 0)])
def test_the_older_log_level_turns_logs_on(server, level, lines):
    result = server.call("/echo", options={"logLevel": level})
    described = [m for m in result.messages("DEBUG") if not m.startswith("Request '")]
    assert len(described) == lines


def test_requests_at_the_same_time_do_not_meet(server):
    bodies = {}

    def call(number: int) -> None:
        result = server.call("/echo", method="POST", body=str(number))
        bodies[number] = json.loads(result.outputs["body"])["text"]

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == {number: str(number) for number in range(8)}


def test_an_encrypted_body_is_no_output_in_clear(server):
    result = server.call("/echo", encryptBody=True)
    assert "body" not in result.outputs
    sealed = result.outputs["encryptedBody"]
    assert sealed["type"] == "io.kestra.datatype:aes_encrypted"
    assert '"method": "GET"' in result.revealed(sealed)
