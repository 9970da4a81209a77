"""Makes the runners of this folder importable, as `run.py` has them when it is a script."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
