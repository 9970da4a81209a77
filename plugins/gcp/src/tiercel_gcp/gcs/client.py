"""What the tasks of Cloud Storage share: the client, and `gs://` URIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from tiercel.plugin import RunContext, TaskError, TaskKilledError
from tiercel_gcp.connection import GcpConnection, told

if TYPE_CHECKING:
    from google.cloud.storage import Client

__all__ = ["GcsConnection", "ObjectUri", "Watched"]


class GcsConnection(GcpConnection):
    """Where Cloud Storage is, and who asks."""

    def gcs(self, ctx: RunContext) -> Client:
        """Return a client for Cloud Storage.

        Raises:
            TaskError: there are no credentials.
        """
        from google.cloud.storage import Client

        credentials, project = self.access(ctx)
        with told("Cannot connect to Google Cloud Storage"):
            # An empty project is allowed: only making a bucket needs one.
            return Client(project=project or "", credentials=credentials)


class ObjectUri(NamedTuple):
    """An object, or with an empty name a bucket."""

    bucket: str
    name: str

    @classmethod
    def parse(cls, text: str) -> ObjectUri:
        """Read a `gs://bucket/name` URI, where `+` is a blank as it is in Kestra.

        Raises:
            TaskError: it is none.
        """
        parts = urlsplit(text.replace("#", "%23").replace("?", "%3F"))
        if parts.scheme != "gs" or not parts.netloc:
            raise TaskError(
                f"Invalid Cloud Storage URI {text!r}: expected 'gs://bucket/path'", retryable=False
            )
        return cls(parts.netloc, unquote(parts.path.removeprefix("/").replace("+", " ")))

    def __str__(self) -> str:
        name = self.name.replace("%", "%25").replace("+", "%2B").replace(" ", "+")
        return f"gs://{self.bucket}/{name}"


class Watched:
    """A stream that stops when the task is to stop, and tells what went through it."""

    def __init__(self, ctx: RunContext, stream: Any, *digests: Any) -> None:
        """Wrap a stream to read from or to write to; `digests` see all that goes through."""
        self._ctx = ctx
        self._stream = stream
        self._digests = digests
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        """Read some bytes."""
        data: bytes = self._stream.read(size)
        self._saw(data)
        return data

    def write(self, data: bytes) -> int:
        """Write some bytes."""
        self._saw(data)
        written: int = self._stream.write(data)
        return written

    def tell(self) -> int:
        """Return how many bytes went through."""
        return self.size

    def _saw(self, data: bytes) -> None:
        if self._ctx.cancelled:
            raise TaskKilledError("The transfer was stopped")
        self.size += len(data)
        for digest in self._digests:
            digest.update(data)
