from __future__ import annotations

from typing import Any

import docker
import pytest

from tiercel_docker.settings import _size


@pytest.fixture
def made(shell: Any, engine: docker.APIClient) -> Any:
    """Start a container with options, and return what the engine says of it."""

    def make(**runner: Any) -> dict[str, Any]:
        result = shell("true", runner={"wait": False, **runner})
        assert result.error is None
        return engine.inspect_container(result.outputs["taskRunner"]["containerId"])

    return make


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ({"cpu": {"cpus": "1.5"}}, "NanoCpus", 1_500_000_000),
        ({"memory": {"memory": "64MB"}}, "Memory", 64 << 20),
        ({"memory": {"memory": "64MB", "memorySwap": "64MB"}}, "MemorySwap", 64 << 20),
        ({"shmSize": "32m"}, "ShmSize", 32 << 20),
        ({"privileged": True}, "Privileged", True),
        ({"networkMode": "none"}, "NetworkMode", "none"),
        ({"extraHosts": ["db:10.0.0.7"]}, "ExtraHosts", ["db:10.0.0.7"]),
    ],
    ids=str,
)
def test_an_option_reaches_the_engine(
    made: Any, option: dict[str, Any], name: str, value: Any
) -> None:
    if "memory" in option or "cpu" in option:
        option = {**option, "wait": True, "delete": False}
    assert made(**option)["HostConfig"][name] == value


def test_a_user_and_an_entry_point_can_be_given(shell: Any) -> None:
    runner = {"user": "{{ 65534 }}", "entryPoint": ["/bin/env", "ADDED=1"]}
    result = shell("id -u; echo $ADDED", runner=runner)
    assert result.messages("INFO") == ["65534", "1"]


def test_a_volume_is_mounted(shell: Any, tmp_path: Any) -> None:
    (tmp_path / "data.txt").write_text("from the machine\n")
    command = "cat /data/data.txt; touch /data/new 2> /dev/null || echo read only"
    result = shell(command, runner={"volumes": [f"{tmp_path}:/data:ro"]})
    assert result.messages("INFO") == ["from the machine", "read only"]


def test_labels_say_whose_container_it_is(made: Any) -> None:
    labels = made()["Config"]["Labels"]
    assert {name: labels[f"kestra.io/{name}"] for name in ("namespace", "flow-id", "task-id")} == {
        "namespace": "company.team",
        "flow-id": "test_flow",
        "task-id": "task",
    }
    assert labels["kestra.io/taskrun-attempt"] == "0"


def test_ports_are_bound(made: Any) -> None:
    ports = ["127.0.0.1:18097:80", "18098:53/udp"]
    bound = made(portBindings=ports, networkMode="bridge", delete=False)["HostConfig"][
        "PortBindings"
    ]
    assert bound["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "18097"}]
    assert bound["53/udp"][0]["HostPort"] == "18098"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512MB", 512 << 20),
        ("512m", 512 << 20),
        ("0.5GiB", 1 << 29),
        ("1024", 1024),
        ("1 kb", 1024),
    ],
)
def test_sizes_have_units(text: str, size: int) -> None:
    assert _size("memory", text) == size


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"memory": {"memory": "much"}}, "Invalid memory.memory 'much'; a size is a number"),
        ({"portBindings": ["a:b:c:d:e"]}, "Invalid portBindings: "),
    ],
    ids=str,
)
def test_a_value_that_means_nothing_is_named(shell: Any, option: Any, error: str) -> None:
    result = shell("true", runner=option)
    assert result.error.startswith(error)
    assert not result.retryable
