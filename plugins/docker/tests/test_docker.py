from __future__ import annotations

from typing import Any


def test_commands_run_in_a_container(shell: Any) -> None:
    result = shell("echo hi; echo oops >&2; cat /etc/passwd")
    assert result.error is None
    assert result.messages("INFO") == [
        "hi",
        "root:x:0:0::/root:/bin/sh",
        "nobody:x:65534:65534::/:/bin/sh",
    ]
    assert result.messages("ERROR") == ["oops"]
