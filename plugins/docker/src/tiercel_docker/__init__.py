"""The task runner that runs commands in containers."""
