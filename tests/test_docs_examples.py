"""Every example in the documentation is true: files are quoted verbatim, code and commands run.

A page is read from top to bottom, in a folder of its own where `examples/` is at hand:

- a block with `title="path"` shows that file of the repository, whole or in part; if the
  repository has no such file, the block makes it, for the blocks after it, or shows a part of it;
- a `yaml` block must be YAML, and valid if it is a flow; with a title, the commands after it tell;
- a `python` block without a title runs, seeing what the blocks before it defined;
- a `console` block runs its `$ …` lines: `tiercel`, `pytest`, `pip` (for this page only), `mv`,
  `rm`, after variables like `NAME=value` for this command alone. The lines below each must appear,
  in order, in what the command prints; times, dates, durations, identifiers and the width of gaps
  may differ, and `…` stands for anything. A last line `[exit N]` gives the exit code, 0 if absent;
- a `console` block with a title needs more than this environment: tests/integration runs it;
- `text`, `toml`, `json` and the like are shown only.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "docs"))

from player import FENCE, ROOT, Page, blocks

# Made from the classes, whose examples are tried in tests/docs/test_plugin_pages.py.
GENERATED = ROOT / "docs/reference/plugins"
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "core/README.md", "plugins/*/README.md")
    for path in ROOT.glob(pattern)
    if GENERATED not in path.parents and FENCE.search(path.read_text(encoding="utf-8"))
)


# A page may start dozens of processes, and the machine may have other work.
@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_hold(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    player = Page(tmp_path)
    for block in blocks(page):
        player.play(block)
