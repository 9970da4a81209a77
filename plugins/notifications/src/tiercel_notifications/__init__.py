"""Tiercel plugin: messages to people."""
