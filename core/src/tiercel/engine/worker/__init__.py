"""Where attempts of tasks run, and what they say on the way."""
