"""The examples of the docs, run as they stand but for the host, which is a server on loopback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tiercel import Tiercel
from tiercel_http.download import Download
from tiercel_http.request import Request
from tiercel_http.sse import SseRequest
from tiercel_http.trigger import Trigger

CLASSES = (Request, Download, SseRequest, Trigger)
EXAMPLES = [example for cls in CLASSES for example in cls.examples]
SECRETS = {"TIERCEL_SECRET_API_TOKEN": "t0k3n", "TIERCEL_SECRET_API_KEY": "k3y"}


def on_loopback(code: str, server) -> str:
    """Return a flow with every host replaced."""
    return re.sub(r"https://[\w.-]+", server.origin, code)


@pytest.mark.parametrize("example", EXAMPLES, ids=[each.title for each in EXAMPLES])
def test_the_example_of_the_docs_runs(example, server, tmp_path: Path):
    report = tmp_path / "report.csv"
    report.write_text("month,total\n1,2\n")
    with Tiercel(environ=SECRETS) as tiercel:
        flow = tiercel.load_flow(on_loopback(example.code, server))
        inputs = {"report": report} if "id: report" in example.code else {}
        if flow.triggers:
            tiercel.save_flow(flow)
            tiercel.triggers.start()
            execution = server.eventually(tiercel.executions)[0]
            execution = tiercel.wait(execution.id, 20)
        else:
            execution = tiercel.run(flow, inputs, timeout=20)
        assert execution.state == "SUCCESS", tiercel.logs(execution.id)
    assert server.requests
    assert "t0k3n" not in str(execution)


def test_every_type_has_an_example():
    assert all(cls.examples for cls in CLASSES)
