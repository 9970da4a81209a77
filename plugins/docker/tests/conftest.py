"""A container engine for the tests, and an image made of what this machine has.

An engine that listens already is used as it is; otherwise Podman is started as a service, with
everything that it keeps in a temporary folder. The image holds a shell, a few programs and this
Python, copied from this machine, so that nothing is downloaded.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZipFile

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
utsns = "host"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
# Nothing in common with another engine that runs at the same time.
tmp_dir = "{folder}/tmp"
"""
STORAGE = """
[storage]
driver = "{driver}"
runroot = "{folder}/run"
graphroot = "{folder}/graph"
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that need an engine in one process; all of them take minutes."""
    for item in items:
        here = item.path.is_relative_to(Path(__file__).parent)
        if here and "engine_host" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("containers"))
            item.add_marker(pytest.mark.slow)


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


def podman(folder: Path, driver: str, registry: str) -> dict[str, str]:
    """Write Podman's settings into a folder; return the environment that names them."""
    folder.mkdir()
    (folder / "registries.conf").write_text(
        f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n'
    )
    (folder / "containers.conf").write_text(PODMAN.format(folder=folder))
    (folder / "storage.conf").write_text(STORAGE.format(driver=driver, folder=folder))
    env = {
        **os.environ,
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
    }
    if shutil.which("runc"):
        with (folder / "containers.conf").open("a") as file:
            file.write('runtime = "runc"\n')
    return env


def started(folder: Path, registry: str) -> Iterator[str]:
    """Start Podman's service; yield its address."""
    if not shutil.which("podman"):
        pytest.skip("no container engine answers, and podman is not installed to start one")
    for driver in ("overlay", "vfs"):
        env = podman(folder / driver, driver, registry)
        if subprocess.run(["podman", "info"], env=env, capture_output=True).returncode == 0:
            break
    else:
        pytest.skip("podman cannot run here")
    host = f"unix://{folder}/podman.sock"
    command = ["podman", "system", "service", "--time=0", host]
    if os.geteuid() == 0 and shutil.which("unshare"):
        # Locks of its own, too, and mounts that go when it goes.
        apart = 'mount -t tmpfs tmpfs /dev/shm && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", apart, "sh", *command]
    with (folder / "service.log").open("wb") as log:
        service = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        wait_for(lambda: (folder / "podman.sock").exists() or service.poll() is not None, 30)
        assert service.poll() is None, (folder / "service.log").read_text()
        yield host
        with closing(docker.APIClient(base_url=host)) as client:
            for container in client.containers(all=True):
                client.remove_container(container["Id"], force=True, v=True)
    finally:
        service.terminate()
        service.wait(30)


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


def programs() -> dict[str, str]:
    """Return path in the image → path on this machine, of programs and what they need."""
    found = {f"/bin/{name}": shutil.which(name, path="/bin:/usr/bin") for name in PROGRAMS.split()}
    files = {name: path for name, path in found.items() if path}
    return {**{lib: lib for path in files.values() for lib in libraries(path)}, **files}


def image_archive(*, with_python: bool) -> bytes:
    """Return a root file system as a tar file."""
    left_out = re.compile("__pycache__|site-packages|tests?|idlelib|tkinter|config-.*")

    def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if left_out.fullmatch(Path(member.name).name) else member

    def add(name: str, **about: Any) -> None:
        member = tarfile.TarInfo(name)
        content = about.pop("content", b"")
        for key, value in {**about, "size": len(content)}.items():
            setattr(member, key, value)
        archive.addfile(member, io.BytesIO(content))

    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        files = programs()
        if with_python:
            library, python = Path(os.__file__).parent, os.path.realpath(sys.executable)
            compiled = [python, *map(str, library.glob("lib-dynload/*.so"))]
            files |= {path: path for each in compiled for path in (python, *libraries(each))}
            archive.add(library, str(library).lstrip("/"), filter=kept)
            for name in ("python", "python3"):
                add(f"bin/{name}", type=tarfile.SYMTYPE, linkname=python)
        for name, path in files.items():
            archive.add(os.path.realpath(path), name.lstrip("/"))
        for name, mode in (("tmp", 0o1777), ("etc", 0o755), ("root", 0o700)):
            add(name, type=tarfile.DIRTYPE, mode=mode)
        users = b"root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
        add("etc/passwd", content=users)
    return file.getvalue()


class Registry:
    """A registry of images on loopback, with one image: what pulling needs, and no more.

    Attributes:
        open: whether anybody may pull; otherwise only `ada`, whose password is `s3cr3t-word`.
        sent: the paths of what was sent.
        flowing: when not set, nothing is sent.
    """

    def __init__(self) -> None:
        self.open = False
        self.sent: list[str] = []
        self.flowing = threading.Event()
        layer = image_archive(with_python=False)
        config = {
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), ""),
            "os": "linux",
            "config": {"Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
        }
        kind = "application/vnd.docker."
        blobs = {
            f"{kind}container.image.v1+json": json.dumps(config).encode(),
            f"{kind}image.rootfs.diff.tar.gzip": gzip.compress(layer, 1),
        }
        parts = [
            {"mediaType": name, "size": len(blob), "digest": digest(blob)}
            for name, blob in blobs.items()
        ]
        self._manifest_kind = f"{kind}distribution.manifest.v2+json"
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": self._manifest_kind,
                "config": parts[0],
                "layers": parts[1:],
            }
        ).encode()
        self._blobs = {digest(blob): blob for blob in (manifest, *blobs.values())}
        self._blobs["1"] = manifest
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                registry.answer(self)

            do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"

    def manifests_sent(self) -> int:
        """Return how often an image was asked for."""
        return sum("/manifests/1" in path for path in self.sent)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        known = base64.b64encode(b"ada:s3cr3t-word").decode()
        allowed = self.open or request.headers.get("Authorization") == f"Basic {known}"
        body = self._blobs.get(request.path.rpartition("/")[2], b"{}")
        request.send_response(200 if allowed else 401)
        if not allowed:
            body = b""
            request.send_header("WWW-Authenticate", 'Basic realm="test"')
        elif "/manifests/" in request.path:
            request.send_header("Content-Type", self._manifest_kind)
            request.send_header("Docker-Content-Digest", digest(body))
        request.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command == "GET":
            self.sent += [request.path] if allowed else []
            self.flowing.wait(60)
            request.wfile.write(body)


def digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


@pytest.fixture(scope="session")
def serving_registry() -> Iterator[Registry]:
    registry = Registry()
    thread = threading.Thread(target=registry.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield registry
    registry.server.shutdown()
    registry.server.server_close()
    thread.join()


@pytest.fixture
def registry(serving_registry: Registry) -> Registry:
    """A registry of images that nobody may pull without a password."""
    serving_registry.open = False
    serving_registry.flowing.set()
    serving_registry.sent.clear()
    return serving_registry


@pytest.fixture(scope="session")
def engine_host(
    tmp_path_factory: pytest.TempPathFactory, serving_registry: Registry
) -> Iterator[str]:
    """The address of an engine that has the test image, and trusts the registry."""
    host = listening()
    if host is None:
        folder = tmp_path_factory.mktemp("podman")
        yield from map(with_image, started(folder, serving_registry.address))
    else:
        yield with_image(host)


def with_image(host: str) -> str:
    """Make sure that an engine has the test image; return its address."""
    repository, _, tag = IMAGE.rpartition(":")
    with closing(docker.APIClient(base_url=host)) as client:
        if not client.images(IMAGE):
            said = client.import_image_from_data(
                image_archive(with_python=True), changes=["ENV PATH=/bin:/usr/bin"]
            )
            # Podman does not tag what it imports.
            client.tag(json.loads(said.splitlines()[-1])["status"], repository, tag)
        try:
            host_config = client.create_host_config(network_mode="host")
            container = client.create_container(IMAGE, ["/bin/true"], host_config=host_config)
            client.start(container)
            assert client.wait(container)["StatusCode"] == 0
            client.remove_container(container, force=True)
        except docker.errors.APIError as error:
            pytest.skip(f"the container engine cannot run containers here: {error.explanation}")
    return host


@pytest.fixture
def engine(engine_host: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[docker.APIClient]:
    """A client of the engine, which is the one that tasks find; nothing of a test is left."""
    monkeypatch.setenv("DOCKER_HOST", engine_host)
    with closing(docker.APIClient(base_url=engine_host)) as client:
        yield client
        wait_for(lambda: removed(client))


def removed(client: docker.APIClient) -> bool:
    """Remove the containers of tasks; return whether none is left."""
    left = client.containers(all=True, filters={"label": "kestra.io/task-id"})
    for container in left:
        # One that ends just now keeps the engine busy.
        with suppress(docker.errors.APIError):
            client.remove_container(container["Id"], force=True, v=True)
    return not left


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


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that stands for an index; it holds `greeting` 1.0."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    about = "greeting-1.0.dist-info"
    files = {
        "greeting.py": 'def greet(name):\n    return f"Hello, {name}"\n',
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    with ZipFile(folder / "greeting-1.0-py3-none-any.whl", "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    for name, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
        "UV_OFFLINE": "1",
        "UV_FIND_LINKS": str(folder),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    return folder
