"""The plugin room."""
