"""Tiercel: a workflow orchestrator that speaks Kestra's language."""
