from __future__ import annotations

import os
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tiercel_docker.files import unpack

BOTH = pytest.mark.parametrize("runner", [{}, {"fileHandlingStrategy": "MOUNT"}], ids=str)


@BOTH
def test_files_go_in_and_come_out(shell: Any, runner: dict[str, str]) -> None:
    result = shell(
        "cat a.txt deep/b.txt > {{ workingDir }}/c.out",
        "mkdir d && cat {{ files.data }} > $WORKING_DIR/d/e.txt",
        inputFiles={"a.txt": "inline {{ flow.id }} ", "deep/b.txt": "{{ files.data }}"},
        outputFiles=["*.out", "d/**"],
        files={"data": "stored"},
        runner=runner,
    )
    assert result.error is None
    stored = {name: result.file(uri) for name, uri in result.outputs["outputFiles"].items()}
    assert stored == {"c.out": b"inline test_flow stored", "d/e.txt": b"stored"}


def test_files_of_a_command_that_failed_are_kept(shell: Any) -> None:
    result = shell("echo x > log.txt; exit 1", outputFiles=["log.txt"])
    assert result.file(result.outputs["outputFiles"]["log.txt"]) == b"x\n"


def test_the_older_output_folder_comes_back(shell: Any) -> None:
    result = shell("echo a > {{ outputDir }}/a", outputDirectory=True)
    assert result.file(result.outputs["outputFiles"]["a"]) == b"a\n"


def test_whoever_the_user_is_the_folder_can_be_written(shell: Any) -> None:
    result = shell(
        "id -u; cat in.txt > out.txt; echo more > d/more.txt",
        inputFiles={"in.txt": "in", "d/in.txt": ""},
        outputFiles=["out.txt", "d/more.txt"],
        runner={"user": "nobody"},
    )
    assert (result.error, result.messages("INFO")) == (None, ["65534"])
    assert len(result.outputs["outputFiles"]) == 2


def test_a_large_file_comes_back_whole(shell: Any) -> None:
    command = "dd if=/dev/zero of=large bs=1000000 count=40 2> /dev/null"
    result = shell(command, outputFiles=["large"])
    assert len(result.file(result.outputs["outputFiles"]["large"])) == 40_000_000


@BOTH
def test_a_link_does_not_lead_out_of_the_folder(
    shell: Any, runner: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("s3cr3t")
    result = shell(
        f"ln -s {tmp_path}/secret out.txt; ln -s {tmp_path} folder; ln -s in.txt fine.txt",
        inputFiles={"in.txt": "in"},
        outputFiles=["*.txt", "folder/**"],
        runner=runner,
    )
    stored = {name: result.file(uri) for name, uri in result.outputs["outputFiles"].items()}
    assert stored == {"in.txt": b"in", "fine.txt": b"in"}


def archive(*members: tuple[str, bytes | str], kind: bytes = tarfile.SYMTYPE) -> list[bytes]:
    """Return a tar stream: text is where a link leads, bytes are a file's content."""
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = kind, content
                made.addfile(member)
            else:
                member.size = len(content)
                made.addfile(member, BytesIO(content))
    data = file.getvalue()
    return [data[start : start + 700] for start in range(0, len(data), 700)]


@pytest.mark.parametrize(
    "members",
    [
        [("top/../../out", b"evil")],
        [("top/link", "../.."), ("top/link/out", b"evil")],
        [("top/link", "/"), ("top/link/out", b"evil")],
        [("/top/../../../out", b"evil")],
    ],
    ids=["dots", "link to a parent", "link to the root", "absolute"],
)
def test_a_stream_cannot_write_outside_the_folder(tmp_path: Path, members: Any) -> None:
    folder = tmp_path / "a/b/work"
    folder.mkdir(parents=True)
    unpack(archive(*members), folder)
    outside = [path for path in tmp_path.rglob("*") if not path.is_relative_to(folder)]
    assert [path for path in outside if path.is_file() or path.is_symlink()] == []
    assert not os.path.exists("/out")


def test_a_link_in_the_folder_is_not_written_through(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "target").write_text("mine")
    (folder / "file").symlink_to(tmp_path / "target")
    unpack(archive(("top/file", b"new")), folder)
    assert (tmp_path / "target").read_text() == "mine"
    assert (folder / "file").read_bytes() == b"new"


def test_a_chain_of_links_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cr3t")
    folder = tmp_path / "work"
    folder.mkdir()
    links = [("top/b", "c/../../secret"), ("top/a", "b"), ("top/c", "d"), ("top/d/x", b"")]
    unpack(archive(*links), folder)
    assert not (folder / "a").exists()
    assert not (folder / "b").exists()


def test_a_second_name_of_a_file_is_a_copy(tmp_path: Path) -> None:
    unpack(archive(("top/a", b"content"), ("top/d/b", "top/a"), kind=tarfile.LNKTYPE), tmp_path)
    assert (tmp_path / "d/b").read_bytes() == b"content"


def test_a_folder_that_became_a_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a/deep").mkdir(parents=True)
    unpack(archive(("top/a", b"now a file")), tmp_path)
    assert (tmp_path / "a").read_bytes() == b"now a file"


def test_a_stream_that_breaks_off_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(tarfile.TarError):
        unpack(archive(("top/a", b"x" * 5000))[:4], tmp_path)
