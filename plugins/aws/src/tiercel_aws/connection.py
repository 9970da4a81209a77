"""How tasks reach AWS: the properties that all of them share, and the client they render to.

Property names and defaults are those of Kestra's `AbstractConnection`. Without credentials boto3
looks for them as it always does: environment, profile, container, instance.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tiercel.plugin import Duration, Model, Property, RunContext, TaskError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["AwsConnection", "told"]


class AwsConnection(Model):
    """Where AWS is, and who asks."""

    region: Property[str] | None = None
    """The region, such as `eu-central-1`."""
    endpoint_override: Property[str] | None = None
    """The URL of another service that speaks the same protocol."""
    access_key_id: Property[str] | None = None
    """The access key's id; boto3 finds credentials by itself when there is none."""
    secret_key_id: Property[str] | None = None
    """The secret access key."""
    session_token: Property[str] | None = None
    """The token of temporary credentials."""
    sts_role_arn: Property[str] | None = None
    """The ARN of a role to assume."""
    sts_role_external_id: Property[str] | None = None
    """The external id that the role asks for."""
    sts_role_session_name: Property[str] | None = None
    """What the session of the assumed role is called."""
    sts_role_session_duration: Property[Duration] = Property.of(timedelta(minutes=15))
    """How long the assumed role is held."""
    sts_endpoint_override: Property[str] | None = None
    """The URL of another service to get the role from."""
    compatibility_mode: Property[bool] = Property.of(False)
    """Leave out what is new in S3 (checksums that nobody asked for), for services that lack it."""
    force_path_style: Property[bool] = Property.of(False)
    """Name the bucket in the path of URLs, rather than in the host."""

    def s3(self, ctx: RunContext) -> S3Client:
        """Return a client for S3.

        Raises:
            TaskError: there are no credentials, the role cannot be assumed, or an endpoint is one
                that must not be reached.
        """
        from boto3 import Session
        from botocore.config import Config

        with told("Cannot connect to AWS"):
            # A session of its own: boto3's default one is not safe to use from several threads.
            session = Session(
                aws_access_key_id=ctx.render(self.access_key_id),
                aws_secret_access_key=ctx.render(self.secret_key_id),
                aws_session_token=ctx.render(self.session_token),
                region_name=ctx.render(self.region),
            )
            config = Config(
                s3={"addressing_style": "path" if ctx.render(self.force_path_style) else "auto"},
                request_checksum_calculation=(
                    "when_required" if ctx.render(self.compatibility_mode) else "when_supported"
                ),
                response_checksum_validation="when_required",
            )
            return session.client(
                "s3",
                endpoint_url=_endpoint(ctx, self.endpoint_override),
                config=config,
                **self._role(ctx, session),
            )

    def _role(self, ctx: RunContext, session: Any) -> dict[str, Any]:
        """Return the credentials of the role to assume, as arguments of a client."""
        role = ctx.render(self.sts_role_arn)
        if not role:
            return {}
        sts = session.client("sts", endpoint_url=_endpoint(ctx, self.sts_endpoint_override))
        external = ctx.render(self.sts_role_external_id)
        given = sts.assume_role(
            RoleArn=role,
            RoleSessionName=ctx.render(self.sts_role_session_name) or _session_name(ctx),
            DurationSeconds=int(ctx.render(self.sts_role_session_duration).total_seconds()),
            **({"ExternalId": external} if external else {}),
        )["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }


def _session_name(ctx: RunContext) -> str:
    flow = ctx.variables["flow"]
    # People look for it in AWS's own logs; S3 allows 64 of these characters.
    return re.sub(r"[^\w+=,.@-]", "-", f"tiercel-{flow['namespace']}-{flow['id']}")[:64]


def _endpoint(ctx: RunContext, given: Property[str] | None) -> str | None:
    """Return an endpoint that flows may reach; never what hands out a machine's credentials.

    Raises:
        TaskError: it is no URL, or must not be reached.
    """
    url = ctx.render(given)
    if not url or not url.strip():
        return None
    host = urlsplit(url.strip()).hostname
    if not host:
        raise TaskError(
            f"Invalid endpoint {url!r}: expected a URL like 'http://localhost:9000'",
            retryable=False,
        )
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        addresses = set()  # boto3 will say that it cannot be reached
    if any(address.startswith(("169.254.", "fe80:")) for address in addresses):
        raise TaskError(
            f"Endpoint {url!r} is a link-local address, where machines get their credentials",
            retryable=False,
        )
    ctx.outbound.check(host)
    return url.strip()


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn what boto3 raises into a `TaskError` that begins with `what`."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise TaskError(f"{what}: {error}") from error
