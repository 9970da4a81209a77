"""The expression filters room."""
