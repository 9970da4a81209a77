"""Storage URIs: Kestra's layout, both ways; nothing leads out of the root."""

from __future__ import annotations

import posixpath
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import StorageUriError
from tiercel.storage import uri
from tiercel.storage.uri import Owner, check_path, format_uri, owner, parse_uri, safe_name, slug

EXECUTION = "golden/storage/write-and-read/executions/4hrrCzQ6jwIzyZVYCrOQQZ"


def test_an_execution_has_its_folder_below_namespace_and_flow() -> None:
    folder = uri.execution_folder("golden.storage", "write_and_read", "4hrrCzQ6jwIzyZVYCrOQQZ")
    assert folder == EXECUTION


def test_a_task_run_has_its_folder_below_its_execution() -> None:
    folder = uri.task_folder(EXECUTION, "My_Task", "1abcDEF")
    assert format_uri(f"{folder}/out.txt") == f"kestra:///{EXECUTION}/tasks/my-task/1abcDEF/out.txt"


def test_a_file_input_keeps_its_id_and_name() -> None:
    assert uri.input_path(EXECUTION, "my_File", "f.txt") == f"{EXECUTION}/inputs/my_File/f.txt"


def test_a_trigger_has_its_folder_below_the_execution() -> None:
    assert uri.trigger_folder(EXECUTION, "on_File") == f"{EXECUTION}/trigger/on-file"


def test_namespace_files_lie_below_the_namespace() -> None:
    assert uri.namespace_files("company.team") == "company/team/_files"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write_and_read", "write-and-read"),
        ("CamelCase", "camelcase"),
        ("with.dot", "withdot"),
        ("two__signs--more_-x", "two-signs-more-x"),
        ("_edges_", "edges"),
        ("naïve Ünï", "naive-uni"),
        ("日本1", "1"),
    ],
)
def test_ids_become_slugs(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_names_are_percent_encoded_in_uris() -> None:
    text = format_uri("a/b c/50%/ü.txt")
    assert text == "kestra:///a/b%20c/50%25/%C3%BC.txt"
    assert parse_uri(text) == "a/b c/50%/ü.txt"


def test_what_people_write_unencoded_is_understood() -> None:
    assert parse_uri("kestra:///a/b c/ü.txt") == "a/b c/ü.txt"


def test_a_key_is_the_path_below_the_tenant() -> None:
    assert uri.storage_key("main", "a/b") == "main/a/b"


@pytest.mark.parametrize("tenant", ["", "..", "a/b", "a\\b", "%2e%2e"])
def test_a_tenant_is_one_safe_segment(tenant: str) -> None:
    with pytest.raises(StorageUriError):
        uri.storage_key(tenant, "a/b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a/b",
        "/etc/passwd",
        "file:///etc/passwd",
        "kestra:a",
        "kestra:/a",
        "kestra://a/b",
        "KESTRA:///a",
        "kestra:///",
        "kestra:////a",
        "kestra:///a?b=c",
        "kestra:///a#b",
        "kestra:///a//b",
        "kestra:///a/",
        "kestra:///.",
        "kestra:///..",
        "kestra:///../a",
        "kestra:///a/../../b",
        "kestra:///a/./b",
        "kestra:///a/.../b",
        "kestra:///a/.. /b",
        "kestra:///a/ /b",
        "kestra:///a/%2e%2e/b",
        "kestra:///a/.%2E/b",
        "kestra:///a%2f..%2fb",
        "kestra:///a/%252e%252e/b",
        "kestra:///a/%25252e%25252e/b",
        "kestra:///a/" + "%" + "25" * 20 + "2e/b",
        "kestra:///a/x%252f..%252fb",
        "kestra:///a/..\\b",
        "kestra:///a/%5c..",
        "kestra:///a/%255c..",
        "kestra:///a/b%00.txt",
        "kestra:///a/b\n",
        "kestra:///a/%7f",
        "kestra:///a/%c0%ae%c0%ae/b",
        "kestra:///a/%ff/b",
        "kestra:///a/\u2025/b",
        "kestra:///a/\uff0e\uff0e/b",
        "kestra:///a/x\uff0fy",
        "kestra:///a/\ud800",
        "kestra:///C:/windows",
        "kestra:///a/c%3a/b",
        "kestra:///" + "n" * 256,
        "kestra:///" + "é" * 128,
        "kestra:///" + "a/" * 450 + "b",
        f"kestra:///a/{uri.PARTIAL_PREFIX}1",
    ],
)
def test_a_dangerous_uri_is_refused(text: str) -> None:
    with pytest.raises(StorageUriError):
        parse_uri(text)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{EXECUTION}/tasks/t/r/f", ("golden.storage", "write-and-read", EXECUTION[-22:])),
        ("a/b/f/executions/e/inputs/i/f", ("a.b", "f", "e")),
        ("a/f/executions/e/trigger/t/f", ("a", "f", "e")),
        ("a/b/_files/x/y", ("a.b", None, None)),
        # A task names its files: they cannot claim to be another execution's.
        ("a/f/executions/e/tasks/t/r/b/g/executions/x/tasks/f", ("a", "f", "e")),
        ("a/f/executions/e/tasks/t/r/_files/x", ("a", "f", "e")),
        ("a/_files/f/executions/e/tasks/x", ("a", None, None)),
    ],
)
def test_a_path_tells_whose_it_is(path: str, expected: tuple[str | None, ...]) -> None:
    assert owner(path) == Owner(*expected)


@pytest.mark.parametrize("path", ["x", "f/out.csv", "a/executions/e/tasks/x", "_files/x"])
def test_a_path_outside_the_layout_is_nobodys(path: str) -> None:
    assert owner(path) is None


@given(st.text(max_size=60))
def test_a_path_that_is_allowed_stays_below_any_root(text: str) -> None:
    try:
        path = check_path(text)
    except StorageUriError:
        return
    joined = posixpath.normpath(posixpath.join("/top", path))
    assert joined == f"/top/{path}"


@given(st.lists(st.sampled_from(["a", "..", ".", "%2e", "%2f", "%5c", "%25", "/", "\\", "2e"])))
def test_no_mixture_of_encodings_leads_out_of_the_root(parts: list[str]) -> None:
    try:
        path = parse_uri("kestra:///" + "".join(parts))
    except StorageUriError:
        return
    assert not {"..", ".", ""} & set(path.replace("\\", "/").split("/"))


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5))
def test_an_allowed_path_survives_the_way_to_a_uri_and_back(segments: list[str]) -> None:
    try:
        path = check_path("/".join(segments))
    except StorageUriError:
        return
    assert parse_uri(format_uri(path)) == path


@given(st.text(max_size=400))
def test_any_file_name_can_be_made_safe(name: str) -> None:
    made = safe_name(name)
    assert "/" not in made
    assert check_path(made) == made


@given(st.text(alphabet="abcXYZ019-_. ", min_size=1, max_size=40).filter(lambda n: n.strip(". ")))
def test_a_safe_file_name_stays_as_it_is(name: str) -> None:
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..", "_.."),
        ("", "_"),
        ("a:b", "a_b"),
        ("n" * 300 + ".csv", "n" * 251 + ".csv"),
    ],
)
def test_an_unsafe_file_name_keeps_what_it_can(name: str, expected: str) -> None:
    assert safe_name(name) == expected


def test_the_same_uri_is_written_for_encoded_and_plain_names() -> None:
    assert format_uri(parse_uri("kestra:///" + quote("a/b c"))) == "kestra:///a/b%20c"
