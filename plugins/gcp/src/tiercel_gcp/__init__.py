"""Tiercel plugin: Google Cloud Storage and BigQuery."""
