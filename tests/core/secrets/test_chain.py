from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tiercel import Registry, Settings, Tiercel
from tiercel.errors import NotFoundError, PluginError, RepositoryError
from tiercel.plugin import hookimpl
from tiercel.plugin.registry import Plugin
from tiercel.secrets.chain import SecretChain
from tiercel.secrets.environment import EnvironmentSecrets


class Broken:
    def get(self, namespace: str, key: str) -> str:
        raise ValueError("the secret is s3cr3t")

    def values(self) -> Iterator[str]:
        raise OSError("no connection")

    def close(self) -> None: ...


def test_the_first_that_has_a_secret_answers() -> None:
    one = EnvironmentSecrets({"TIERCEL_SECRET_A": "1"})
    two = EnvironmentSecrets({"TIERCEL_SECRET_A": "2", "TIERCEL_SECRET_B": "b"})
    chain = SecretChain([("one", one), ("two", two)])
    assert (chain.get("x", "A"), chain.get("x", "B")) == ("1", "b")
    with pytest.raises(NotFoundError, match="Cannot find secret for key 'C'"):
        chain.get("x", "C")


def test_one_that_fails_is_told_by_name_but_not_in_its_own_words() -> None:
    chain = SecretChain([("vault", Broken())])
    with pytest.raises(RepositoryError) as caught:
        chain.get("x", "A")
    assert str(caught.value) == "The secret manager 'vault' failed on key 'A': ValueError"


def test_one_that_cannot_tell_what_it_has_takes_nothing_from_the_others() -> None:
    known = EnvironmentSecrets({"TIERCEL_SECRET_A": "1"})
    assert list(SecretChain([("vault", Broken()), ("environment", known)]).values()) == ["1"]


class Vault:
    """A secret manager as a plugin would bring it."""

    def __init__(self, url: str) -> None:
        self.path = url.removeprefix("vault://")

    def get(self, namespace: str, key: str) -> str:
        if key.upper() != "TOKEN":
            raise NotFoundError(key)
        return f"token-of-{namespace}-at-{self.path}"

    def values(self) -> list[str]:
        return []

    def close(self) -> None: ...


def registry() -> Registry:
    """Return the installed plugins, and one that brings `vault:`."""
    from tiercel.plugin.registry import installed

    hooks = ModuleType("vault_hooks")
    hooks.register_secrets = hookimpl(lambda: {"vault": f"{__name__}:Vault"})  # type: ignore[attr-defined]
    plugin = Plugin("vault", "vault_hooks", "tiercel-vault", "1.0")
    return Registry([*installed(), (plugin, lambda: hooks)])


def test_a_plugins_secrets_are_found_after_those_of_the_environment(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, repository="memory:", secrets=("vault://kv",))
    flow = """
id: f
namespace: company.team
tasks:
  - id: log
    type: io.kestra.plugin.core.log.Log
    message: "{{ secret('TOKEN') }} {{ secret('OWN') }}"
  - id: keep
    type: io.kestra.plugin.core.debug.Return
    format: "{{ secret('TOKEN') }}"
"""
    with Tiercel(home=None, registry=registry(), environ={"TIERCEL_SECRET_OWN": "mine"}) as tiercel:
        tiercel.settings = settings
        execution = tiercel.run(flow)
        messages = [line.message for line in tiercel.logs(execution.id) if line.task_id == "log"]
        outputs = [run.outputs for run in execution.task_runs.values() if run.outputs]
    assert messages == ["****** ******"]
    assert outputs == [{"value": "token-of-company.team-at-kv"}]


def test_an_unknown_kind_of_manager_is_told(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, secrets=("nosuch://x",))
    with (
        Tiercel(settings=settings, environ={}) as tiercel,
        pytest.raises(PluginError, match="brings the secret manager 'nosuch'"),
    ):
        tiercel.services.secret("a", "KEY")
