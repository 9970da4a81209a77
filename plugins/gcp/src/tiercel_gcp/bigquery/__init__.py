"""The tasks of BigQuery."""
