"""Tasks on files of internal storage, for Tiercel."""
