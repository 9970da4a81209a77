"""Tiercel plugin: Git repositories."""
