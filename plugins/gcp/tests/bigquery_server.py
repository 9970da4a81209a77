"""A double of BigQuery's REST API on loopback, written to its public reference.

It loads CSV and JSON files, answers queries with results that the test gives it, and speaks
the token protocol that service accounts sign in with. It is no SQL engine.

Resources: https://cloud.google.com/bigquery/docs/reference/rest/v2/Job and its siblings.
"""

from __future__ import annotations

import csv
import io
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

STARTED = 1_800_000_000_000
"""When every job began, in milliseconds; it took a quarter of a second."""


@dataclass
class Result:
    """What a query comes to: its columns, its rows as the API writes them, more statistics."""

    fields: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    statistics: dict[str, Any] = field(default_factory=dict)


class BigQueryServer(ThreadingHTTPServer):
    """Attributes:
    results: what queries come to, by their SQL.
    failures: errors (reason, message) that the next jobs end in.
    refusals: (status, reason, message) that the next requests for a job are answered with.
    endless: queries that run until they are cancelled.
    jobs: all jobs by id, as the API describes them.
    tables: the rows loaded into each table.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.results: dict[str, Result] = {}
        self.failures: list[tuple[str, str]] = []
        self.refusals: list[tuple[int, str, str]] = []
        self.endless: set[str] = set()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.tables: dict[str, list[Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.running = threading.Event()

    def handle_error(self, *_args: object) -> None:
        """Clients that hang up are part of the tests."""

    def insert(self, project: str, body: dict[str, Any], media: bytes = b"") -> dict[str, Any]:
        """Run a job to its end, at once."""
        configuration = body["configuration"]
        reference = {"projectId": project, "location": "EU", **body.get("jobReference", {})}
        job = {
            "kind": "bigquery#job",
            "id": f"{project}:{reference['jobId']}",
            "jobReference": reference,
            "configuration": configuration,
            "statistics": {"startTime": str(STARTED), "endTime": str(STARTED + 250)},
            "status": {"state": "DONE"},
        }
        self.jobs[reference["jobId"]] = job
        if self.failures:
            reason, message = self.failures.pop(0)
            error = {"reason": reason, "message": message}
            job["status"] |= {"errorResult": error, "errors": [error]}
        elif "load" in configuration:
            self._load(job, configuration["load"], media)
        else:
            self._query(job, configuration["query"], dry=configuration.get("dryRun", False))
        return job

    def _load(self, job: dict[str, Any], load: dict[str, Any], media: bytes) -> None:
        table = ".".join(load["destinationTable"].values())
        if load["sourceFormat"] == "CSV":
            lines = csv.reader(
                io.StringIO(media.decode()), delimiter=load.get("fieldDelimiter", ",")
            )
            rows: list[Any] = list(lines)
            header = 1 if load.get("autodetect") else 0
            rows = rows[int(load.get("skipLeadingRows", header)) :]
            width = max(map(len, rows), default=0)
            good = [row for row in rows if len(row) == width]
        else:
            rows = good = [json.loads(line) for line in media.splitlines()]
        bad = len(rows) - len(good)
        if bad > int(load.get("maxBadRecords", 0)):
            error = {"reason": "invalid", "message": f"Too many errors: {bad}"}
            job["status"] |= {"errorResult": error, "errors": [error]}
            return
        kept = (
            [] if load.get("writeDisposition") == "WRITE_TRUNCATE" else self.tables.get(table, [])
        )
        self.tables[table] = kept + good
        job["statistics"]["load"] = {
            "inputFiles": "1",
            "inputFileBytes": str(len(media)),
            "outputRows": str(len(good)),
            "outputBytes": str(sum(len(str(row)) for row in good)),
            "badRecords": str(bad),
        }

    def _query(self, job: dict[str, Any], query: dict[str, Any], *, dry: bool) -> None:
        sql = query["query"]
        if sql in self.endless:
            job["status"] = {"state": "RUNNING"}
            del job["statistics"]["endTime"]
            self.running.set()
            return
        result = self.results.get(sql, Result())
        job["statistics"]["query"] = {"statementType": "SELECT", **result.statistics}
        if not dry:
            anonymous = {"projectId": "test", "datasetId": "_anonymous", "tableId": "anon1"}
            query.setdefault("destinationTable", anonymous)

    def cancel(self, job_id: str) -> dict[str, Any]:
        """Stop a job."""
        job = self.jobs[job_id]
        error = {"reason": "stopped", "message": "Job execution was cancelled"}
        job["status"] = {"state": "DONE", "errorResult": error, "errors": [error]}
        return {"job": job}

    def rows(self, job_id: str, asked: dict[str, str]) -> dict[str, Any]:
        """Return a page of a query's result."""
        job = self.jobs[job_id]
        result = self.results.get(job["configuration"]["query"]["query"], Result())
        begin = int(asked.get("pageToken") or 0)
        end = begin + int(asked.get("maxResults") or 10_000)
        page = result.rows[begin:end]
        return {
            "jobReference": job["jobReference"],
            "jobComplete": True,
            "schema": {"fields": result.fields},
            "totalRows": str(len(result.rows)),
            "rows": [{"f": [{"v": cell} for cell in row]} for row in page],
            **({"pageToken": str(end)} if end < len(result.rows) else {}),
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BigQueryServer

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = parts.path.strip("/").split("/")
        match self.command, *path:
            case "POST", "token":
                self._json({"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})
            case "POST", "bigquery", "v2", "projects", project, "jobs":
                self._insert(project, json.loads(body))
            case "POST", "upload", "bigquery", "v2", "projects", project, "jobs":
                self._upload(project, body, asked["uploadType"])
            case "PUT", "session", name:
                self._receive(name, body)
            case "GET", "bigquery", "v2", "projects", _, "jobs", job:
                self._json(self.server.jobs[job])
            case "POST", "bigquery", "v2", "projects", _, "jobs", job, "cancel":
                self._json(self.server.cancel(job))
            case "GET", "bigquery", "v2", "projects", _, "queries", job:
                self._json(self.server.rows(job, asked))
            case _:
                self._json({"error": {"message": f"Not found: {self.path}"}}, 404)

    do_GET = do_POST = do_PUT = _answer

    def _json(self, value: Any, status: int = 200, **headers: str) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def _insert(self, project: str, body: dict[str, Any], media: bytes = b"") -> None:
        if self.headers.get("Authorization") != "Bearer token":
            return self._refuse(401, "authError", "Request had invalid credentials")
        if self.server.refusals:
            return self._refuse(*self.server.refusals.pop(0))
        return self._json(self.server.insert(project, body, media))

    def _refuse(self, status: int, reason: str, message: str) -> None:
        errors = [{"reason": reason, "message": message, "domain": "global"}]
        self._json({"error": {"code": status, "message": message, "errors": errors}}, status)

    def _upload(self, project: str, body: bytes, kind: str) -> None:
        if kind == "multipart":
            boundary = self.headers["Content-Type"].partition("boundary=")[2].strip('"').encode()
            metadata, media = (
                part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
                for part in body.split(b"--" + boundary)[1:3]
            )
            return self._insert(project, json.loads(metadata), media)
        name = str(len(self.server.sessions))
        self.server.sessions[name] = {"project": project, "body": json.loads(body), "media": b""}
        return self._json({}, Location=f"{self.server.url}/session/{name}")

    def _receive(self, name: str, chunk: bytes) -> None:
        session = self.server.sessions[name]
        session["media"] += chunk
        total = self.headers["Content-Range"].rpartition("/")[2]
        received = len(session["media"])
        if total == "*" or received < int(total):
            return self._json({}, 308, Range=f"bytes=0-{received - 1}")
        return self._insert(session["project"], session["body"], session["media"])
