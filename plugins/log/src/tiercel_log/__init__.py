"""The Log task: a message into the execution's log."""
