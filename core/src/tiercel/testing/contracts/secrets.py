"""What every secret manager must do.

from tiercel.testing import SecretsContract

class TestMySecrets(SecretsContract):
    @pytest.fixture
    def manager(self):
        return MySecrets(...)       # which has `self.secrets` in the namespace `self.namespace`
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tiercel.errors import NotFoundError, RepositoryError
from tiercel.testing.contracts._expect import raises

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiercel.secrets.spi import SecretManager

__all__ = ["SecretsContract"]


class SecretsContract:
    """Tests for a `SecretManager`; a subclass gives a fixture `manager`."""

    namespace = "company.team"
    """Whose secrets the manager has."""
    secrets: Mapping[str, str] = {
        "API_KEY": "s3cr3t-w0rd",
        "DB_CONFIG": '{"host": "db", "password": "p\\"w"}',
        "PRIVATE_KEY": "-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----",
        "UMLAUTS": "geheim äöü 日本",
    }
    """What the manager has."""

    def test_a_secret_is_given_as_it_is(self, manager: SecretManager) -> None:
        found = {key: manager.get(self.namespace, key) for key in self.secrets}
        assert found == dict(self.secrets)

    def test_case_does_not_matter_in_a_key(self, manager: SecretManager) -> None:
        for key in ("api_key", "API_KEY", "Api_Key"):
            assert manager.get(self.namespace, key) == self.secrets["API_KEY"]

    def test_a_secret_that_is_not_there_is_told_by_its_key(self, manager: SecretManager) -> None:
        message = ""
        with raises(NotFoundError):
            try:
                manager.get(self.namespace, "NOT_THERE")
            except NotFoundError as error:
                message = str(error)
                raise
        assert "NOT_THERE" in message
        assert not any(secret in message for secret in self.secrets.values())

    def test_names_lead_nowhere_else(self, manager: SecretManager) -> None:
        for key in ("../API_KEY", "/etc/hostname", "", "..", "API_KEY/..", "a\0b"):
            with raises(NotFoundError, RepositoryError):
                manager.get(self.namespace, key)
        for namespace in ("..", "../..", "/etc"):
            with raises(NotFoundError, RepositoryError):
                manager.get(namespace, "hostname")

    def test_what_is_known_beforehand_are_secrets(self, manager: SecretManager) -> None:
        assert set(manager.values()) <= set(self.secrets.values())

    def test_many_threads_may_ask_at_once(self, manager: SecretManager) -> None:
        keys = [*self.secrets] * 20
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda key: manager.get(self.namespace, key), keys))
        assert found == [self.secrets[key] for key in keys]

    def test_closing_twice_is_harmless(self, manager: SecretManager) -> None:
        manager.close()
        manager.close()
