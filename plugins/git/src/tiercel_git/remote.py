"""How tasks reach a Git remote: the properties that all of them share, and what they render to.

Property names and defaults are those of Kestra's `AbstractGitTask`. The protocol is dulwich's; for
`ssh://` it starts the `ssh` of this machine.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from tiercel.plugin import (
    Model,
    OutboundError,
    Property,
    RunContext,
    TaskError,
    TaskKilledError,
    scratch_file,
)

if TYPE_CHECKING:
    from dulwich.client import GitClient
    from dulwich.repo import Repo

__all__ = ["GitRemote", "Remote", "public_url", "told", "web_url"]


class GitRemote(Model):
    """A Git remote, and who asks."""

    url: Property[str] | None = None
    """The repository: an `https://`, `ssh://`, `git@host:…` or `file://` URL."""
    username: Property[str] | None = None
    """The user name."""
    password: Property[str] | None = None
    """The password, or an access token."""
    private_key: Property[str] | None = None
    """The private key for SSH, as text."""
    passphrase: Property[str] | None = None
    """The passphrase of the private key."""
    trusted_ca_pem_path: Property[str] | None = None
    """A file of certificates to trust, beside those that are trusted anyway."""
    no_proxy: Property[bool] = Property.of(False)
    """Go past the proxy of the environment."""
    connect_timeout: Property[int] = Property.of(10_000)
    """How long connecting may take, in milliseconds."""
    read_timeout: Property[int] = Property.of(60_000)
    """How long the server may be silent, in milliseconds."""
    git_config: Property[dict[str, Any]] | None = None
    """Settings of the local repository: `core.fileMode: false`."""

    def remote(self, ctx: RunContext, *, needed: bool = True) -> Remote:
        """Return the remote.

        Raises:
            TaskError: there is no URL and one is `needed`, or the URL or the private key is none.
        """
        url = ctx.render(self.url)
        if not url and needed:
            raise TaskError("There is no `url`", retryable=False)
        with told(f"Cannot use {public_url(url or '')}"):
            client, path = self._transport(ctx, url or "")
        return Remote(ctx, url or "", client, path)

    def configure(self, ctx: RunContext, repo: Repo) -> None:
        """Write `gitConfig` into a repository's own settings."""
        settings = ctx.render(self.git_config)
        if not settings:
            return
        config = repo.get_config()
        for key, value in settings.items():
            *sections, name = key.split(".")
            if not sections:
                ctx.log("WARN", f"Invalid Git setting {key!r}: expected 'section.name'")
                continue
            section = (sections[0].lower(), ".".join(sections[1:])) if sections[1:] else sections[0]
            text = str(value).lower() if isinstance(value, bool) else str(value).strip()
            config.set(section, name, text)
        config.write_to_path()

    def _transport(self, ctx: RunContext, url: str) -> tuple[GitClient, str]:
        from dulwich.client import get_transport_and_path

        given: dict[str, Any] = {}
        if url.startswith(("http://", "https://")):
            given = {
                "username": ctx.render(self.username),
                "password": ctx.render(self.password),
                "pool_manager": self._pool(ctx, url),
            }
        elif self.private_key is not None:
            key = _key_file(ctx, ctx.render(self.private_key) or "", ctx.render(self.passphrase))
            given = {"ssh_command": _ssh_command(key)}
        client, path = get_transport_and_path(url, quiet=True, **given)
        # HTTP is checked by its connections, and `file://` has no host; `git@host:…` is no URL.
        host = getattr(client, "host", None) or urlsplit(url).hostname
        if host and "pool_manager" not in given:
            ctx.outbound.check(host)
        return client, path

    def _pool(self, ctx: RunContext, url: str) -> Any:
        """Return the HTTP connections: with the timeouts, certificates and proxy that are meant."""
        from dulwich.client import check_for_proxy_bypass, default_user_agent_string
        from urllib3 import ProxyManager, Timeout

        from tiercel_git.connections import pool_manager

        bundle = ctx.render(self.trusted_ca_pem_path)
        options: dict[str, Any] = {
            "timeout": Timeout(
                connect=ctx.render(self.connect_timeout) / 1000,
                read=ctx.render(self.read_timeout) / 1000,
            ),
            "headers": {"User-agent": default_user_agent_string()},
            **({"ssl_context": _trusting(bundle)} if bundle else {}),
        }
        proxy = next(filter(None, map(os.environ.get, _proxy_variables(url))), None)
        if proxy and not ctx.render(self.no_proxy) and not check_for_proxy_bypass(url):
            # The proxy is the operator's own; it looks the name up by itself, and may know more.
            ctx.outbound.check(urlsplit(url).hostname or "")
            return ProxyManager(proxy, **options)
        return pool_manager(ctx.outbound, **options)


class Remote:
    """A remote that has been found.

    Attributes:
        url: as the flow gives it; may hold a password.
    """

    def __init__(self, ctx: RunContext, url: str, client: GitClient, path: str) -> None:
        self._ctx = ctx
        self._client = client
        self._path = path
        self.url = url

    def branches(self) -> dict[str, bytes]:
        """Return the commits of the remote's branches by name.

        Raises:
            TaskError: the remote cannot be reached, or there is no such repository.
        """
        with told(f"Cannot read {public_url(self.url)}"):
            refs = self._client.get_refs(self._path.encode()).refs
        heads = {name: commit for name, commit in refs.items() if name.startswith(b"refs/heads/")}
        return {
            name.removeprefix(b"refs/heads/").decode(): commit
            for name, commit in heads.items()
            if commit is not None
        }

    def clone(self, folder: Path, branch: str | None = None, depth: int | None = None) -> Repo:
        """Clone into a folder, which may hold other files already, and check a branch out.

        Args:
            folder: where to.
            branch: which one; the remote's own choice by default.
            depth: how many commits of the history; all by default.

        Raises:
            TaskError: the repository or the branch is not there, or cannot be had.
            TaskKilledError: the task is to stop.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with told(f"Cannot clone {public_url(self.url)}"):
            return self._client.clone(
                self._path,
                str(folder),
                mkdir=False,
                branch=branch,
                depth=depth,
                progress=self._watch,
                origin_url=public_url(self.url),
            )

    def push(self, repo: Repo, branch: str) -> None:
        """Push the repository's HEAD to a branch.

        Raises:
            TaskError: the remote refused.
            TaskKilledError: the task is to stop.
        """
        from dulwich.refs import Ref

        ref = Ref(b"refs/heads/" + branch.encode())
        commit = repo.head()
        pack: Any = repo.generate_pack_data  # whose type dulwich's own client does not take
        with told(f"Cannot push to {public_url(self.url)}"):
            result = self._client.send_pack(
                self._path.encode(),
                lambda refs: {ref: _forward(repo, refs.get(ref), commit, branch)},
                pack,
                progress=self._watch,
            )
        refused = (result.ref_status or {}).get(ref)
        if refused:
            raise TaskError(f"Cannot push to branch '{branch}': {refused}")

    def _watch(self, _message: bytes) -> None:
        if self._ctx.cancelled:
            raise TaskKilledError("The transfer was stopped")


def _forward(repo: Repo, theirs: Any, ours: Any, branch: str) -> Any:
    """Return the commit to push, unless that would drop commits of the remote."""
    if theirs is not None and theirs not in repo.object_store:
        raise TaskError(
            f"Branch '{branch}' has changed meanwhile: it has commits that are not here"
        )
    return ours


def public_url(url: str) -> str:
    """Return a URL without user and password."""
    parts = urlsplit(url)
    if not parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def web_url(url: str) -> str:
    """Return where people see a repository in a browser."""
    if "://" not in url and "@" in url:
        host, _, path = url.partition("@")[2].partition(":")
        url = f"https://{host}/{path}"
    elif url.startswith("ssh://"):
        parts = urlsplit(url)
        url = f"https://{parts.hostname}{parts.path}"
    return public_url(url).removesuffix(".git")


def _proxy_variables(url: str) -> tuple[str, ...]:
    scheme = urlsplit(url).scheme
    return (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")


def _trusting(bundle: str) -> Any:
    import ssl

    context = ssl.create_default_context()
    try:
        context.load_verify_locations(bundle)
    except OSError as error:
        raise TaskError(f"Cannot read certificates in {bundle!r}: {error}") from error
    return context


def _key_file(ctx: RunContext, key: str, passphrase: str | None) -> Path:
    """Write a private key to a file of the attempt, without passphrase: `ssh` asks nobody here."""
    text = key.strip() + "\n"
    if passphrase:
        text = _opened(text.encode(), passphrase.encode())
    path = scratch_file(ctx, ".key")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    return path


def _opened(key: bytes, passphrase: bytes) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization as forms

    try:
        if b"OPENSSH PRIVATE KEY" in key:
            loaded: Any = forms.load_ssh_private_key(key, passphrase)
        else:
            loaded = forms.load_pem_private_key(key, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TaskError("The private key does not open with the passphrase") from error
    kind = (forms.Encoding.PEM, forms.PrivateFormat.OpenSSH, forms.NoEncryption())
    text: bytes = loaded.private_bytes(*kind)
    return text.decode()


def _ssh_command(key: Path) -> str:
    # As Kestra does it: a host that is not known yet is trusted.
    options = ("IdentitiesOnly=yes", "StrictHostKeyChecking=accept-new", "BatchMode=yes")
    words = ["ssh", "-i", str(key), *(word for option in options for word in ("-o", option))]
    return shlex.join(words)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn what dulwich raises into a `TaskError` that begins with `what`."""
    from dulwich import client, errors
    from urllib3.exceptions import HTTPError

    try:
        yield
    except OutboundError as error:
        raise TaskError(f"{what}: {error}", retryable=False) from error
    except client.HTTPUnauthorized as error:
        raise TaskError(f"{what}: the user name or the password is wrong, or missing") from error
    except errors.NotGitRepository as error:
        raise TaskError(f"{what}: there is no such repository") from error
    except errors.HangupException as error:
        lines = [line.decode(errors="replace") for line in error.stderr_lines or ()]
        raise TaskError(f"{what}: {'; '.join(lines) or error}") from error
    except (
        errors.GitProtocolError,
        errors.ObjectFormatException,
        client.InvalidWants,
        HTTPError,
        OSError,
        KeyError,
        ValueError,
    ) as error:
        raise TaskError(f"{what}: {error}") from error
