"""The durable repository over DB-API."""
