"""Basic tasks for Tiercel: debug, output, execution and metric."""
