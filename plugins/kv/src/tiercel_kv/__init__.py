"""Key-value tasks: set, get, delete and list the keys of a namespace."""
