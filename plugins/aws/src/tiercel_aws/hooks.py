"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_storages", "register_tasks", "register_triggers"]


@hookimpl
def register_tasks() -> Registration:
    """Return the S3 tasks."""
    return {
        "io.kestra.plugin.aws.s3.Copy": "tiercel_aws.s3.copy:Copy",
        "io.kestra.plugin.aws.s3.CreateBucket": "tiercel_aws.s3.bucket:CreateBucket",
        "io.kestra.plugin.aws.s3.Delete": "tiercel_aws.s3.delete:Delete",
        "io.kestra.plugin.aws.s3.DeleteList": "tiercel_aws.s3.delete:DeleteList",
        "io.kestra.plugin.aws.s3.Download": "tiercel_aws.s3.download:Download",
        "io.kestra.plugin.aws.s3.Downloads": "tiercel_aws.s3.download:Downloads",
        "io.kestra.plugin.aws.s3.List": "tiercel_aws.s3.listing:List",
        "io.kestra.plugin.aws.s3.Upload": "tiercel_aws.s3.upload:Upload",
    }


@hookimpl
def register_triggers() -> Registration:
    """Return the trigger for objects that appear in a bucket."""
    return {"io.kestra.plugin.aws.s3.Trigger": "tiercel_aws.s3.trigger:Trigger"}


@hookimpl
def register_storages() -> Registration:
    """Return internal storage in a bucket: `s3://bucket/prefix`."""
    return {"s3": "tiercel_aws.storage:open_storage"}
