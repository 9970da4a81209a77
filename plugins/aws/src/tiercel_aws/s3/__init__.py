"""The tasks and the trigger of Amazon S3."""
