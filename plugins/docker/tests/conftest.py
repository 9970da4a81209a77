"""A container engine for the tests, and an image made of what this machine has.

An engine that listens already is used as it is; otherwise Podman is started as a service, with
everything that it keeps in a temporary folder. The image holds a shell, a few programs and this
Python, copied from this machine, so that nothing is downloaded.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest

from tiercel.testing import RunningTask, TaskResult, run_task, start_task

IMAGE = "localhost/tiercel-test:1"
SOCKETS = ("/var/run/docker.sock", "/run/podman/podman.sock")
PROGRAMS = (
    "sh cat chmod cp dd echo env false grep head id ln ls mkdir printf pwd rm setsid sleep stat "
    "tail test touch true wc"
)
# Needs no rights that a machine inside a machine may lack: no networks or limits of its own.
PODMAN = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "host"
ipcns = "host"
utsns = "host"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE = """
[storage]
driver = "{driver}"
runroot = "{folder}/run"
graphroot = "{folder}/graph"
"""


def listening() -> str | None:
    """Return the address of an engine that answers, or None."""
    found = [f"unix://{path}" for path in SOCKETS if Path(path).exists()]
    for host in filter(None, [os.environ.get("DOCKER_HOST"), *found]):
        try:
            with closing(docker.APIClient(base_url=host, timeout=10)) as client:
                client.ping()
            return host
        except docker.errors.DockerException:
            continue
    return None


def podman(folder: Path, driver: str) -> dict[str, str]:
    """Write Podman's settings into a folder; return the environment that names them."""
    folder.mkdir()
    (folder / "containers.conf").write_text(PODMAN)
    (folder / "storage.conf").write_text(STORAGE.format(driver=driver, folder=folder))
    env = {
        **os.environ,
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }
    if shutil.which("runc"):
        with (folder / "containers.conf").open("a") as file:
            file.write('runtime = "runc"\n')
    return env


def started(folder: Path) -> Iterator[str]:
    """Start Podman's service; yield its address."""
    if not shutil.which("podman"):
        pytest.skip("no container engine answers, and podman is not installed to start one")
    for driver in ("overlay", "vfs"):
        env = podman(folder / driver, driver)
        if subprocess.run(["podman", "info"], env=env, capture_output=True).returncode == 0:
            break
    else:
        pytest.skip("podman cannot run here")
    host = f"unix://{folder}/podman.sock"
    command = ["podman", "system", "service", "--time=0", host]
    with (folder / "service.log").open("wb") as log:
        service = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        wait_for(lambda: (folder / "podman.sock").exists() or service.poll() is not None, 30)
        assert service.poll() is None, (folder / "service.log").read_text()
        yield host
    finally:
        subprocess.run(["podman", "rm", "--all", "--force"], env=env, capture_output=True)
        service.terminate()
        service.wait(30)
        # What it mounted for its containers would keep the folder from being removed.
        subprocess.run(["podman", "system", "reset", "--force"], env=env, capture_output=True)


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """Return what the condition gives once it is true, or fail."""
    deadline = time.monotonic() + seconds
    never = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never happened"
        never.wait(0.02)
    return found


def libraries(program: str) -> list[str]:
    """Return the paths of the shared libraries that a program needs."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True)
    return re.findall(r"(/\S+) \(0x", done.stdout)


def image_files() -> dict[str, str]:
    """Return path in the image → path on this machine, for all but Python's own library."""
    files = {}
    for name in PROGRAMS.split():
        if path := shutil.which(name, path="/bin:/usr/bin"):
            files[f"/bin/{name}"] = path
    python = os.path.realpath(sys.executable)
    modules = map(str, Path(os.__file__).parent.glob("lib-dynload/*.so"))
    needed = [lib for path in (*files.values(), python, *modules) for lib in libraries(path)]
    return {**{path: path for path in (*needed, python)}, **files}


def image_archive() -> io.BytesIO:
    """Return a root file system as a tar file."""
    left_out = re.compile("__pycache__|site-packages|tests?|idlelib|tkinter|config-.*")

    def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if left_out.fullmatch(Path(member.name).name) else member

    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, path in image_files().items():
            archive.add(os.path.realpath(path), name.lstrip("/"))
        library = Path(os.__file__).parent
        archive.add(library, str(library).lstrip("/"), filter=kept)
        for name, mode in (("tmp", 0o1777), ("etc", 0o755), ("root", 0o700)):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            archive.addfile(folder)
        for name in ("python", "python3"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, os.path.realpath(sys.executable)
            archive.addfile(link)
        users = b"root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
        entry = tarfile.TarInfo("etc/passwd")
        entry.size = len(users)
        archive.addfile(entry, io.BytesIO(users))
    file.seek(0)
    return file


@pytest.fixture(scope="session")
def engine_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an engine that has the test image."""
    host = listening()
    if host is None:
        yield from map(with_image, started(tmp_path_factory.mktemp("podman")))
    else:
        yield with_image(host)


def with_image(host: str) -> str:
    """Make sure that an engine has the test image; return its address."""
    repository, _, tag = IMAGE.rpartition(":")
    with closing(docker.APIClient(base_url=host)) as client:
        if not client.images(IMAGE):
            said = client.import_image_from_data(
                image_archive().getvalue(), changes=["ENV PATH=/bin:/usr/bin"]
            )
            # Podman does not tag what it imports.
            client.tag(json.loads(said.splitlines()[-1])["status"], repository, tag)
    return host


@pytest.fixture
def engine(engine_host: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[docker.APIClient]:
    """A client of the engine, which is the one that tasks find; nothing of a test is left."""
    monkeypatch.setenv("DOCKER_HOST", engine_host)
    with closing(docker.APIClient(base_url=engine_host)) as client:
        yield client
        for container in client.containers(all=True, filters={"label": "kestra.io/task-id"}):
            client.remove_container(container["Id"], force=True, v=True)


@pytest.fixture
def task_of(engine: docker.APIClient) -> Callable[..., dict[str, Any]]:
    """Return a script task's properties, to run in a container; `runner` has the runner's own."""

    def make(kind: str, runner: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
        return {
            "type": f"io.kestra.plugin.scripts.{kind}",
            "taskRunner": {
                "type": "io.kestra.plugin.scripts.runner.docker.Docker",
                "networkMode": "host",
                **(runner or {}),
            },
            "containerImage": IMAGE,
            **properties,
        }

    return make


@pytest.fixture
def shell(task_of: Callable[..., dict[str, Any]]) -> Callable[..., TaskResult]:
    """Run shell commands in a container."""

    def run(*commands: str, **properties: Any) -> TaskResult:
        given = {name: properties.pop(name) for name in ("files", "storage") if name in properties}
        return run_task(task_of("shell.Commands", commands=list(commands), **properties), **given)

    return run


@pytest.fixture
def start(task_of: Callable[..., dict[str, Any]]) -> Callable[..., RunningTask]:
    """Start shell commands in a container."""

    def run(*commands: str, **properties: Any) -> RunningTask:
        return start_task(task_of("shell.Commands", commands=list(commands), **properties))

    return run


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Return a function that waits until a condition gives something true."""
    return wait_for
