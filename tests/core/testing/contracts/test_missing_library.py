from __future__ import annotations

import sys

import pytest

from tiercel.testing.contracts._declaration import _draft_7


def test_a_library_that_the_suites_need_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(ImportError, match=r"pip install 'tiercel-core\[testing\]'"):
        _draft_7()
