"""What must hold for a trigger to start an execution."""
