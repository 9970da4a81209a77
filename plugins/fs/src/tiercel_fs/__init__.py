"""Commands and files on other machines."""
