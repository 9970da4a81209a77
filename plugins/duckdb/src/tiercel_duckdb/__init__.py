"""DuckDB queries over files and tables."""
