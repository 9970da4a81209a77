"""Debug and output tasks."""
