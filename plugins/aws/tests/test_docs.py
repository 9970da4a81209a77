"""The flows of the how-to page, run as they stand against servers on loopback."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tiercel import Tiercel

PAGE = Path(__file__).parents[3] / "docs/howto/use-cloud-storage.md"
FLOWS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text() if PAGE.exists() else "", re.M | re.S)
SECRETS = {"TIERCEL_SECRET_AWS_ACCESS_KEY_ID": "key", "TIERCEL_SECRET_AWS_SECRET_KEY_ID": "hidden"}

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(not FLOWS, reason="the page is in the repository, not in the package"),
]


def flow(name):
    (found,) = (text for text in FLOWS if text.startswith(f"id: {name}\n"))
    return found


@pytest.fixture
def filled(s3):
    """The page's bucket; it is there for one test."""
    s3.create_bucket(
        Bucket="my-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(Bucket="my-bucket", Key="path/to/file/my_image.jpeg", Body=b"image")
    s3.put_object(Bucket="my-bucket", Key="inbox/new.csv", Body=b"a,b\n1,2\n")
    yield s3
    for each in s3.list_objects_v2(Bucket="my-bucket")["Contents"]:
        s3.delete_object(Bucket="my-bucket", Key=each["Key"])
    s3.delete_bucket(Bucket="my-bucket")


@pytest.fixture
def upload_server():
    """Keeps what it is sent."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Say nothing."""

        def do_POST(self):
            self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.bodies = []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def test_an_image_goes_from_s3_to_a_web_server(filled, upload_server):
    url = f"http://127.0.0.1:{upload_server.server_port}"
    with Tiercel(environ=SECRETS) as tiercel:
        execution = tiercel.run(flow("image_from_s3"), {"server": url}, timeout=30)
        assert execution.state == "SUCCESS", tiercel.logs(execution.id)
    (body,) = upload_server.bodies
    assert b'filename="my-image.jpeg"' in body
    assert b"\r\n\r\nimage\r\n" in body


def test_reports_go_to_s3(filled):
    with Tiercel(environ=SECRETS) as tiercel:
        execution = tiercel.run(flow("reports_to_s3"), timeout=30)
        assert execution.state == "SUCCESS", tiercel.logs(execution.id)
        message = tiercel.logs(execution.id)[-1].message
    assert re.fullmatch(r'\["reports/[\d-]+/brands.csv","reports/[\d-]+/days.csv"\]', message)


def test_what_comes_in_starts_an_execution(filled):
    with Tiercel(environ=SECRETS) as tiercel:
        tiercel.save_flow(tiercel.load_flow(flow("inbox")))
        tiercel.triggers.start()
        for _ in range(400):
            if executions := tiercel.executions():
                break
            threading.Event().wait(0.05)
        assert tiercel.wait(executions[0].id, 20).state == "SUCCESS"
    keys = [each["Key"] for each in filled.list_objects_v2(Bucket="my-bucket")["Contents"]]
    assert keys == ["done/new.csv", "path/to/file/my_image.jpeg"]
