"""A plugin of Tiercel with one task."""
