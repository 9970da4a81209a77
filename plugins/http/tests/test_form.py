"""Forms: URL-encoded and multipart, with files streamed from storage."""

from __future__ import annotations

from urllib.parse import parse_qs

MULTIPART = "multipart/form-data"


def test_a_form_is_url_encoded_whatever_the_content_type(server):
    server.call("/echo", method="POST", formData={"user": "ada", "n": 5, "on": True, "no": None})
    assert server.last.body == b"user=ada&n=5&on=true"
    sent = "application/x-www-form-urlencoded; charset=ISO-8859-1"
    assert server.last.headers["Content-Type"] == sent


def test_a_form_beyond_ascii_is_sent_in_utf_8(server):
    server.call("/echo", method="POST", formData={"user": "Zoë 漢"})
    assert parse_qs(server.last.body.decode()) == {"user": ["Zoë 漢"]}
    assert server.last.headers["Content-Type"].endswith("charset=UTF-8")


def test_a_list_in_a_form_repeats_the_field(server):
    server.call("/echo", method="POST", formData={"tag": ["a", "b"]})
    assert server.last.body == b"tag=a&tag=b"


def test_a_form_wins_over_a_body(server):
    server.call("/echo", method="POST", formData={"a": "1"}, body="ignored")
    assert server.last.body == b"a=1"


def test_multipart_sends_texts_and_stored_files(server):
    form = {
        "user": "ada",
        "file": "{{ files['data.bin'] }}",
        "named": {"name": "my.txt", "content": "{{ files['data.bin'] }}"},
        "inline": {"name": "note.txt", "content": "written here"},
        "map": {"a": [1, 2]},
        "n": 5,
    }
    content = b"\x00\x01binary"
    result = server.call(
        "/echo", method="POST", contentType=MULTIPART, formData=form, files={"data.bin": content}
    )
    assert result.error is None
    found = [tuple(part.values()) for part in server.last.parts()]
    assert found == [
        ("user", None, "text/plain", b"ada"),
        ("file", "data.bin", "application/octet-stream", content),
        ("named", "my.txt", "application/octet-stream", content),
        ("inline", "note.txt", "application/octet-stream", b"written here"),
        ("map", None, "text/plain", b'{"a":[1,2]}'),
        ("n", None, "text/plain", b"5"),
    ]


def test_the_length_of_a_multipart_body_is_announced(server):
    form = {"file": "{{ files.data }}"}
    server.call(
        "/echo", method="POST", contentType=MULTIPART, formData=form, files={"data": b"x" * 999}
    )
    assert int(server.last.headers["Content-Length"]) == len(server.last.body) > 999
    assert server.last.headers["Transfer-Encoding"] is None


def test_a_file_with_url_is_uploaded_with_its_metadata(server):
    form = {
        "photo": {
            "file": "my-image.jpeg",
            "url": "{{ files.image }}",
            "metadata": {"description": "my favorite image"},
        }
    }
    server.call(
        "/echo",
        method="POST",
        contentType="image/jpeg",
        formData=form,
        files={"image": b"\xff\xd8"},
    )
    assert server.last.headers["Content-Type"].startswith(MULTIPART)
    assert [tuple(part.values()) for part in server.last.parts()] == [
        ("photo", "my-image.jpeg", "image/jpeg", b"\xff\xd8"),
        ("description", None, "text/plain", b"my favorite image"),
    ]


def test_a_list_of_files_is_sent_under_one_name(server):
    files = [{"name": name, "content": "{{ files.data }}"} for name in ("a.txt", "b.txt")]
    server.call(
        "/echo",
        method="POST",
        contentType=MULTIPART,
        formData={"files": files},
        files={"data": b"x"},
    )
    assert [(p["name"], p["filename"]) for p in server.last.parts()] == [
        ("files", "a.txt"),
        ("files", "b.txt"),
    ]


def test_names_cannot_break_out_of_their_quotes(server):
    form = {'a"b': {"name": 'x"\r\ny', "content": "text"}}
    server.call("/echo", method="POST", contentType=MULTIPART, formData=form)
    assert b'name="a%22b"; filename="x%22%0D%0Ay"\r\n' in server.last.body


def test_the_log_shows_files_by_name_and_size(server):
    result = server.call(
        "/echo",
        method="POST",
        contentType=MULTIPART,
        formData={"file": "{{ files.data }}"},
        files={"data": b"\x00" * 99},
        options={"logs": ["REQUEST_BODY"]},
    )
    assert "<file 'data', 99 bytes>" in result.messages("TRACE")[0]
