"""Settings come from arguments, the environment and a file, in this order."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tiercel.errors import InputError, StorageError
from tiercel.parts import open_outbound, open_storage
from tiercel.plugin.registry import Registry
from tiercel.settings import Settings


def write(home: Path, text: str) -> None:
    (home / "settings.yaml").write_text(text, encoding="utf-8")


def test_nothing_need_be_set(tmp_path: Path) -> None:
    assert Settings.read({}, tmp_path) == Settings(home=tmp_path)


def test_a_file_in_the_home_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path, "storage: s3://bucket/prefix\nworkers: 8\nvariables: {team: data}\n")
    settings = Settings.read({"TIERCEL_HOME": str(tmp_path)})
    assert settings == Settings(
        home=tmp_path, storage="s3://bucket/prefix", workers=8, variables={"team": "data"}
    )


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, "storage: s3://bucket/prefix\nworkers: 8\n")
    settings = Settings.read({"TIERCEL_STORAGE": "memory:", "TIERCEL_URL": "http://x"}, tmp_path)
    assert (settings.storage, settings.workers, settings.url) == ("memory:", 8, "http://x")


def test_a_file_of_comments_sets_nothing(tmp_path: Path) -> None:
    write(tmp_path, "# storage: s3://bucket\n\n")
    assert Settings.read({}, tmp_path) == Settings(home=tmp_path)


def test_the_file_can_be_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "tiercel.yaml"
    path.write_text("workers: 3", encoding="utf-8")
    settings = Settings.read({"TIERCEL_SETTINGS": str(path)}, tmp_path / "home")
    assert settings.workers == 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("storag: s3://bucket", "Unknown setting 'storag' in "),
        ("workers: 0", "settings.yaml is 0; it must be a whole number, 1 or more"),
        ("workers: many", "is 'many'; it must be a whole number"),
        ("variables: text", "it must be a mapping of names to values"),
        ("- storage", "is no mapping of settings to values"),
        ("storage: [", "Cannot read settings file"),
    ],
)
def test_a_file_that_is_wrong_is_explained(tmp_path: Path, text: str, reason: str) -> None:
    write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        Settings.read({}, tmp_path)
    assert reason in str(caught.value)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no settings file"):
        Settings.read({"TIERCEL_SETTINGS": "nowhere.yaml"}, tmp_path)


def test_a_variable_that_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="TIERCEL_WORKERS is '-1'; it must be a whole number"):
        Settings.read({"TIERCEL_WORKERS": "-1"}, tmp_path)


@pytest.mark.parametrize(
    ("url", "folder", "fsync"),
    [
        ("file://{home}/files", "files", False),
        ("file://{home}/my%20files?fsync=true", "my files", True),
        (None, "storage", False),
    ],
)
def test_the_url_of_a_folder_says_where_and_how_safe(
    tmp_path: Path, url: str | None, folder: str, fsync: bool
) -> None:
    settings = Settings(home=tmp_path, storage=url and url.format(home=tmp_path))
    storage: Any = open_storage(settings, Registry())
    assert storage.root == (tmp_path / folder).resolve()
    assert storage._fsync is fsync


def test_an_option_that_a_folder_has_not_is_told(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, storage="file:///x?sync=true")
    with pytest.raises(StorageError, match="its one option is"):
        open_storage(settings, Registry())


def test_the_outbound_policy_is_a_setting(tmp_path: Path) -> None:
    write(tmp_path, "httpDeny: [private, '!10.1.2.0/24']\nhttpAllow: '*.example.com'\n")
    settings = Settings.read({}, tmp_path)
    assert settings.http_deny == ("private", "!10.1.2.0/24")
    assert settings.http_allow == ("*.example.com",)
    assert Settings.read({"TIERCEL_HTTP_DENY": "metadata"}, tmp_path).http_deny == ("metadata",)


def test_a_server_that_is_none_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Invalid entry '10.0.0' in TIERCEL_HTTP_DENY"):
        Settings.read({"TIERCEL_HTTP_DENY": "private 10.0.0"}, tmp_path)


@pytest.mark.parametrize(
    ("settings", "refuses"),
    [
        ({}, True),
        ({"http_deny": ("metadata",)}, False),
        ({"http_deny": ()}, False),
        ({"http_deny": ("10.0.0.0/8",)}, True),
    ],
    ids=["nothing set", "another rule", "no rule", "a rule"],
)
def test_a_setting_of_the_outbound_policy_wins_over_the_environment(
    tmp_path: Path, settings: dict[str, Any], refuses: bool
) -> None:
    environ = {"TIERCEL_HTTP_DENY": "private"}
    policy = open_outbound(Settings(home=tmp_path, **settings), environ)
    assert bool(policy.deny.naming("x.test", ip_address("10.0.0.1"))) is refuses
