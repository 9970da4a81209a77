"""Converters between CSV, JSON and ION."""
