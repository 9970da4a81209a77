"""The tasks of Google Cloud Storage."""
