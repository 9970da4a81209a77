"""What starts executions: dates, polls, other executions, HTTP requests."""
