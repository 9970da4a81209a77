from __future__ import annotations

import base64
import json
import threading
from contextlib import suppress
from typing import Any

import docker
import pytest

from tiercel.testing import run_task

USER, PASSWORD = "ada", "s3cr3t-word"
ENCODED = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture
def image(registry: Any, engine: docker.APIClient) -> Any:
    """The name of an image that only the registry has."""
    name = f"{registry.address}/private/image:1"
    yield name
    with suppress(docker.errors.NotFound):
        engine.remove_image(name, force=True)


def test_an_image_that_is_missing_is_pulled(shell: Any, image: str, registry: Any) -> None:
    registry.open = True
    result = shell("echo pulled", containerImage=image)
    assert (result.error, result.messages("INFO")) == (None, ["pulled"])


@pytest.mark.parametrize(
    ("policy", "pulls"), [("IF_NOT_PRESENT", 1), ("ALWAYS", 2)], ids=["if missing", "always"]
)
def test_the_policy_says_when_to_pull(
    shell: Any, image: str, registry: Any, policy: str, pulls: int
) -> None:
    registry.open = True
    for _ in range(2):
        assert shell("true", containerImage=image, runner={"pullPolicy": policy}).error is None
    assert registry.manifests_sent() == pulls


def test_an_image_that_must_not_be_pulled_is_an_error(shell: Any, image: str) -> None:
    result = shell("true", containerImage=image, runner={"pullPolicy": "NEVER"})
    assert result.error.startswith(f"Cannot create a container of '{image}': ")
    assert not result.retryable


@pytest.mark.parametrize(
    "access",
    [
        {"credentials": {"username": USER, "password": "{{ secret('PASSWORD') }}"}},
        {"credentials": {"auth": ENCODED, "registry": "{address}"}},
        {"config": {"auths": {"{address}": {"auth": ENCODED}}}},
        {"config": json.dumps({"auths": {"http://{address}/v1/": {"auth": ENCODED}}})},
    ],
    ids=["password", "auth", "config", "config as text"],
)
def test_a_private_image_is_pulled_with_the_access_given(
    task_of: Any, image: str, registry: Any, access: dict[str, Any]
) -> None:
    own = json.loads(json.dumps(access).replace("{address}", registry.address))
    task = task_of("shell.Commands", own, commands=["echo pulled"], containerImage=image)
    result = run_task(task, secrets={"PASSWORD": PASSWORD})
    assert (result.error, result.messages("INFO")) == (None, ["pulled"])


@pytest.mark.parametrize(
    "access",
    [
        {},
        {"credentials": {"username": USER, "password": "wrong"}},
        {"credentials": {"username": USER, "password": PASSWORD, "registry": "elsewhere.test"}},
    ],
    ids=["none", "wrong", "of another registry"],
)
def test_a_private_image_is_not_pulled_without_access(
    shell: Any, image: str, registry: Any, access: dict[str, Any]
) -> None:
    result = shell("true", containerImage=image, runner=access)
    assert result.error.startswith(f"Cannot pull image '{image}': ")
    assert PASSWORD not in result.error


def test_access_that_is_no_base64_is_named(shell: Any, image: str) -> None:
    result = shell("true", containerImage=image, runner={"credentials": {"auth": "%"}})
    assert result.error == "`credentials.auth` is no Base64 of `user:password`"


def test_a_kill_does_not_wait_for_a_silent_registry(
    start: Any, image: str, registry: Any, eventually: Any
) -> None:
    registry.open = True
    registry.flowing.clear()
    before = threading.active_count()
    running = start("true", containerImage=image)
    eventually(lambda: registry.sent)
    running.kill()
    try:
        assert running.result(timeout=10).state == "KILLED"
    finally:
        registry.flowing.set()
        eventually(lambda: threading.active_count() <= before)
