"""Packages and an image for the example flows, so that nothing is downloaded."""

from __future__ import annotations

import ensurepip
import importlib.util
import io
import os
import tarfile
import venv
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import docker
import pytest

ROOT = Path(__file__).parents[2]
STAND_INS = Path(__file__).parent / "stand_ins"
IMAGE = "localhost/tiercel-example:1"
PIP_CONFIG = "[global]\nno-index = true\nbreak-system-packages = true\nfind-links = /wheels\n"
PIP = '#!/bin/sh\nexec python /wheels/{wheel}/pip "$@"\n'


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the examples in containers apart: with an engine to start they take minutes."""
    for item in items:
        if "image" in getattr(item, "fixturenames", ()) and "tests/examples" in str(item.path):
            item.add_marker(pytest.mark.xdist_group("containers"))
            item.add_marker(pytest.mark.slow)


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("containers_for_examples", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The engine is found, or started, as in the tests of the plugin.
_containers = _module(ROOT / "plugins/docker/tests/conftest.py")
serving_registry = _containers.serving_registry
engine_host = _containers.engine_host
engine = _containers.engine

# So are the cloud's services.
_aws = _module(ROOT / "plugins/aws/tests/conftest.py")
s3_url, client, s3 = _aws.s3_url, _aws.client, _aws.s3
_gcp = _module(ROOT / "plugins/gcp/tests/conftest.py")
bigquery, private_key = _gcp.bigquery, _gcp.private_key
service_account = _gcp.service_account


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels, one of each stand-in."""
    folder = tmp_path_factory.mktemp("wheels")
    for module in STAND_INS.glob("*.py"):
        about = f"{module.stem}-99.0.dist-info"
        files = {
            module.name: module.read_text(encoding="utf-8"),
            f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {module.stem}\nVersion: 99.0\n",
            f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
        with ZipFile(folder / f"{module.stem}-99.0-py3-none-any.whl", "w") as archive:
            for file, content in files.items():
                archive.writestr(file, content)
    return folder


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `python` and `pip` are those of an environment of its own."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    return folder / "bin"


@pytest.fixture
def offline(wheels: Path, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts find the stand-ins, and nothing else, wherever they install packages from."""
    for name, value in {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "UV_OFFLINE": "1",
        "UV_FIND_LINKS": str(wheels),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def image(engine: docker.APIClient, wheels: Path) -> str:
    """An image with Python, pip and the stand-ins."""
    if not engine.images(IMAGE):
        repository, _, tag = IMAGE.rpartition(":")
        container = engine.create_container(_containers.IMAGE, ["/bin/true"])
        engine.put_archive(container, "/", _additions(wheels))
        engine.commit(container, repository, tag)
        engine.remove_container(container)
    return IMAGE


def _additions(wheels: Path) -> bytes:
    bundled = Path(ensurepip.__file__).parent / "_bundled"
    # Debian keeps it elsewhere.
    found = [*bundled.glob("pip-*.whl"), *Path("/usr/share/python-wheels").glob("pip-*.whl")]
    if not found:
        pytest.skip("this Python comes without a pip to put into a container")
    pip = found[0]
    files = {f"wheels/{path.name}": path.read_bytes() for path in (*wheels.iterdir(), pip)}
    files["etc/pip.conf"] = PIP_CONFIG.encode()
    files["bin/pip"] = PIP.format(wheel=pip.name).encode()
    with io.BytesIO() as stream, closing(tarfile.open(fileobj=stream, mode="w")) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
        archive.close()
        return stream.getvalue()
