"""The state machine: `reduce` and all it reaches. Pure: no clock, no randomness, no I/O."""
