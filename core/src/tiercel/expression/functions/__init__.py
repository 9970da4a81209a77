"""The expression functions room."""
