"""SQL queries: what all databases share, SQLite, and PostgreSQL.

Other packages add a database by a `Session` and the classes of `query`: see `tiercel_duckdb`.
"""
