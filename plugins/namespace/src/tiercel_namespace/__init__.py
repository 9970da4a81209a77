"""Tasks on namespace files, for Tiercel."""
