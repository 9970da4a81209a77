"""What expressions see and may call while an execution runs."""
