"""Flow tests: whole flows on mocked tasks and a clock that jumps.

`run` is the Python way, `suite` reads and runs `*.test.yaml` files, `report` tells how it went; the
others are their parts. Only tests import this room.
"""
