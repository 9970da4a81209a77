"""What the engine offers to running tasks: files, key-value pairs, other executions, secrets."""
