"""HTTP tasks: requests and downloads."""
