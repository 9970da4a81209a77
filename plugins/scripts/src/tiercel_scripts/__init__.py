"""Script tasks and the process task runner."""
