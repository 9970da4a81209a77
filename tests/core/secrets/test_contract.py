"""The secret managers of the core, by the contract that every one must keep."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tiercel.secrets.chain import SecretChain
from tiercel.secrets.environment import EnvironmentSecrets
from tiercel.secrets.folder import FolderSecrets
from tiercel.testing import SecretsContract


class TestEnvironmentSecrets(SecretsContract):
    @pytest.fixture
    def manager(self) -> EnvironmentSecrets:
        return EnvironmentSecrets(
            {
                f"SECRET_{key}": base64.b64encode(value.encode()).decode()
                for key, value in self.secrets.items()
            }
        )


class TestFolderSecrets(SecretsContract):
    @pytest.fixture
    def manager(self, tmp_path: Path) -> FolderSecrets:
        folder = tmp_path / "company.team"
        folder.mkdir()
        for key, value in self.secrets.items():
            (folder / key.lower()).write_text(value + "\n", encoding="utf-8")
        return FolderSecrets(tmp_path)


class TestSecretChain(SecretsContract):
    @pytest.fixture
    def manager(self, tmp_path: Path) -> SecretChain:
        first, *others = self.secrets.items()
        (tmp_path / first[0]).write_text(first[1], encoding="utf-8")
        plain = EnvironmentSecrets({f"TIERCEL_SECRET_{key}": value for key, value in others})
        return SecretChain([("environment", plain), ("folder", FolderSecrets(tmp_path))])
