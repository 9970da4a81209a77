"""The orchestrator as an object: `Tiercel`, and `AsyncTiercel` for programs with an event loop.

`wiring` puts the rooms together, `tiercel` and `aio` are what programs call, `events` and
`subscription` tell what happens, `collected` is what becomes of an engine that nobody closed.
Nothing is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._lazy import door

if TYPE_CHECKING:
    from tiercel.embed.aio import AsyncTiercel
    from tiercel.embed.tiercel import Tiercel

__all__ = ["AsyncTiercel", "Tiercel"]

__getattr__ = door(
    globals(),
    {
        "tiercel.embed.aio": "AsyncTiercel",
        "tiercel.embed.tiercel": "Tiercel",
    },
)
