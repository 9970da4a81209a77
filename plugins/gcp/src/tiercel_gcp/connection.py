"""How tasks reach Google Cloud: the properties that all of them share, and their credentials.

Property names and defaults are those of Kestra's `AbstractTask`. Without a service account the
libraries look for credentials as they always do (Application Default Credentials).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tiercel.plugin import Model, Property, RunContext, TaskError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

__all__ = ["GcpConnection", "told"]

_CLOUD = "https://www.googleapis.com/auth/cloud-platform"
# Where these are set, the libraries talk to an emulator, which asks nobody who they are.
_EMULATORS = ("STORAGE_EMULATOR_HOST", "BIGQUERY_EMULATOR_HOST")


class GcpConnection(Model):
    """Which project is meant, and who asks."""

    project_id: Property[str] | None = None
    """The project; that of the credentials by default."""
    service_account: Property[str] | None = None
    """The service account's key: the text of its JSON file."""
    impersonated_service_account: Property[str] | None = None
    """The e-mail address of a service account to act for."""
    scopes: Property[list[str]] = Property.of([_CLOUD])
    """The OAuth scopes to ask for."""

    def access(self, ctx: RunContext) -> tuple[Credentials, str | None]:
        """Return credentials, and the project that is meant.

        Raises:
            TaskError: there are no credentials, or the service account's key is none.
        """
        scopes = ctx.render(self.scopes)
        with told("Cannot get Google credentials"):
            credentials, project = _credentials(ctx.render(self.service_account), scopes)
            if target := ctx.render(self.impersonated_service_account):
                from google.auth.impersonated_credentials import Credentials as Impersonated

                credentials = Impersonated(credentials, target, scopes)
        return credentials, ctx.render(self.project_id) or project


def _credentials(key: str | None, scopes: list[str]) -> tuple[Any, str | None]:
    import google.auth
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import DefaultCredentialsError

    if key:
        from google.oauth2.service_account import Credentials

        try:
            info = json.loads(key)
            return Credentials.from_service_account_info(info, scopes=scopes), info["project_id"]
        except (ValueError, KeyError, TypeError) as error:
            # The error may quote the key.
            raise TaskError(
                "Invalid `serviceAccount`: expected the text of a service account's JSON key",
                retryable=False,
            ) from error
    try:
        return google.auth.default(scopes=scopes)
    except DefaultCredentialsError:
        if any(map(os.environ.get, _EMULATORS)):
            return AnonymousCredentials(), None
        raise


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn what Google's libraries raise into a `TaskError` that begins with `what`."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from requests import RequestException

    try:
        yield
    except (GoogleAPIError, GoogleAuthError, RequestException) as error:
        reason = getattr(error, "message", None) or str(error)
        raise TaskError(f"{what}: {reason}") from error
