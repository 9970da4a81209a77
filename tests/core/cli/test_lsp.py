from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Tiercel


def test_without_its_package_the_server_says_what_to_install(
    home: Path, tiercel: Tiercel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pygls", "tiercel.lsp.server"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "pygls", None)
    done = tiercel("lsp")
    assert done.code == 1
    assert "pip install 'tiercel-core[lsp]'" in done.err
