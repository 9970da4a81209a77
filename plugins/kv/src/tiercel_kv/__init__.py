"""Key-value tasks for Tiercel."""
