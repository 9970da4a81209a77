"""Tiercel plugin: Azure Blob Storage."""
