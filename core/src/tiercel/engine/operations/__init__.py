"""What people and programs do to executions: restart, replay, pause, kill and their like."""
