"""Log tasks for Tiercel."""
