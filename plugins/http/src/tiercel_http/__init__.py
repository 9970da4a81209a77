"""HTTP tasks for Tiercel."""
