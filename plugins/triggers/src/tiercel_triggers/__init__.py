"""Triggers and conditions for Tiercel."""
