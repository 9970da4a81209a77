"""Flows as the engine has them: texts in the repository, models in memory, files of a folder."""
