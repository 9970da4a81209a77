from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tiercel.errors import NotFoundError, RepositoryError
from tiercel.secrets.environment import EnvironmentSecrets


def get(key: str, **environ: str) -> str:
    return EnvironmentSecrets(environ).get("company.team", key)


def test_kestras_variables_are_base64() -> None:
    encoded = base64.b64encode("geheim ü".encode()).decode()
    assert get("API_KEY", SECRET_API_KEY=encoded) == "geheim ü"


def test_base64_may_have_line_breaks() -> None:
    encoded = base64.encodebytes(b"x" * 100).decode()
    assert get("KEY", SECRET_KEY=encoded) == "x" * 100


@pytest.mark.parametrize("value", ["not base64!", "gÿ", "/w=="])
def test_what_is_no_base64_text_stays_as_it_is(value: str) -> None:
    assert get("KEY", SECRET_KEY=value) == value


def test_our_own_variables_are_plain() -> None:
    assert get("KEY", TIERCEL_SECRET_KEY="cGxhaW4=") == "cGxhaW4="


def test_a_plain_variable_wins() -> None:
    assert get("KEY", SECRET_KEY="b3RoZXI=", TIERCEL_SECRET_KEY="ours") == "ours"


@pytest.mark.parametrize("key", ["api_key", "API_KEY", "Api_Key"])
def test_names_ignore_case(key: str) -> None:
    assert get(key, TIERCEL_SECRET_API_KEY="x") == "x"


def test_a_file_holds_a_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    assert get("KEY", TIERCEL_SECRET_KEY_FILE=str(tmp_path / "key")) == "from a file"


def test_a_file_that_cannot_be_read_is_told_without_its_content(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="Cannot read the file of secret 'KEY'"):
        get("KEY", TIERCEL_SECRET_KEY_FILE=str(tmp_path / "nofile"))


def test_a_secret_that_is_not_there_is_told_as_kestra_does() -> None:
    with pytest.raises(NotFoundError) as error:
        get("NOT_THERE", SECRET_OTHER="eA==")
    assert str(error.value) == "Cannot find secret for key 'NOT_THERE'."


def test_all_values_can_be_had_to_mask_them(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("c")
    known = EnvironmentSecrets(
        {
            "SECRET_A": "YQ==",
            "TIERCEL_SECRET_B": "b",
            "TIERCEL_SECRET_C_FILE": str(tmp_path / "key"),
            "TIERCEL_SECRET_D_FILE": str(tmp_path / "nofile"),
            "HOME": "/root",
        }
    )
    assert sorted(known.values()) == ["a", "b", "c"]
