"""The expression room."""
