"""What becomes of an engine's refusals, and of connections that it drops."""

from __future__ import annotations

import tarfile
from typing import Any

import docker
import pytest
import requests
from urllib3.exceptions import ProtocolError

from tiercel.plugin import TaskError
from tiercel_docker import engine
from tiercel_docker.engine import asked

DROPPED = [
    requests.ConnectionError("Connection aborted."),
    requests.exceptions.ChunkedEncodingError("Connection broken"),
    ProtocolError("Connection broken"),
    ConnectionResetError(104, "Connection reset by peer"),
    tarfile.ReadError("unexpected end of data"),
]
OTHERS = [
    docker.errors.APIError("no such container", requests.Response()),
    requests.exceptions.ReadTimeout("too slow"),
    FileNotFoundError(2, "No such file"),
]


def name(value: Any) -> str:
    return type(value).__name__


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PAUSES", (0.0,) * len(engine.PAUSES))


class Failing:
    """A question that is answered after so many failures; counts how often it was asked."""

    def __init__(self, error: Exception, times: int) -> None:
        self.asked = 0
        self._error = error
        self._times = times

    def __call__(self) -> str:
        self.asked += 1
        if self.asked <= self._times:
            raise self._error
        return "answer"


@pytest.mark.parametrize("error", DROPPED, ids=name)
def test_an_engine_that_drops_the_connection_is_asked_again(error):
    question = Failing(error, 2)
    assert asked("look", question) == "answer"
    assert question.asked == 3


def test_an_engine_that_goes_on_dropping_connections_is_told():
    question = Failing(DROPPED[0], 9)
    with pytest.raises(TaskError, match=r"Cannot look: Connection aborted\.") as failed:
        asked("look", question)
    assert failed.value.retryable
    assert question.asked == 4


@pytest.mark.parametrize("error", OTHERS, ids=name)
def test_what_an_engine_refuses_is_not_asked_again(error):
    question = Failing(error, 1)
    with pytest.raises(TaskError, match="Cannot look: "):
        asked("look", question)
    assert question.asked == 1
