"""A real Git server on loopback: `git http-backend` behind a small web server."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

# Nothing of the person or machine that runs the tests.
CLEAN = {
    **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@company.example",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@company.example",
}


def git(*arguments: str, cwd: Path | None = None) -> str:
    """Run the `git` of this machine and return what it prints."""
    done = subprocess.run(
        ["git", *arguments], cwd=cwd, env=CLEAN, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


class Origin:
    """A bare repository, and a clone to work in as a person would.

    Attributes:
        url: the repository, for Git.
    """

    def __init__(self, folder: Path, name: str = "repo") -> None:
        self.bare, self.work = folder / f"{name}.git", folder / f"{name}-work"
        git("init", "--bare", "--initial-branch=main", str(self.bare))
        git("config", "http.receivepack", "true", cwd=self.bare)
        git("clone", str(self.bare), str(self.work))
        self.url = self.bare.as_uri()

    def commit(self, branch: str = "main", **files: str | None) -> str:
        """Commit files (`__` in a name is a slash, `_dot_` a dot), push, return the commit's id."""
        git("checkout", "-B", branch, cwd=self.work)
        for key, content in files.items():
            path = self.work / key.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_text(content)
        git("add", "--all", cwd=self.work)
        git("commit", "--message", f"Files of {branch}", cwd=self.work)
        git("push", "--force", "origin", branch, cwd=self.work)
        return git("rev-parse", "HEAD", cwd=self.work)

    def files(self, branch: str = "main") -> list[str]:
        """Return the files of a branch."""
        return git("ls-tree", "-r", "--name-only", branch, cwd=self.bare).splitlines()

    def content(self, path: str, branch: str = "main") -> str:
        """Return a file of a branch."""
        return git("show", f"{branch}:{path}", cwd=self.bare)

    def log(self, branch: str = "main", form: str = "%an <%ae> %s") -> list[str]:
        """Return the commits of a branch, the newest first."""
        return git("log", f"--format={form}", branch, cwd=self.bare).splitlines()


class _Handler(BaseHTTPRequestHandler):
    server: GitServer

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._chunks()
        if self.server.credentials and not self._is_allowed():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
            return
        parts = urlsplit(self.path)
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=True,
            env={
                **CLEAN,
                "GIT_PROJECT_ROOT": str(self.server.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": parts.path,
                "QUERY_STRING": parts.query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_USER": "robot",
            },
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer

    def _is_allowed(self) -> bool:
        wanted = base64.b64encode(self.server.credentials.encode()).decode()
        return self.headers.get("Authorization") == f"Basic {wanted}"

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


class GitServer(ThreadingHTTPServer):
    """Serves the repositories of a folder; `credentials` are `user:password`, or nothing."""

    daemon_threads = True

    def __init__(self, root: Path, credentials: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.credentials = credentials
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(root: Path, credentials: str = "") -> Iterator[GitServer]:
    """Serve the repositories of a folder."""
    with GitServer(root, credentials) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
