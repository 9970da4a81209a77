"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_storages", "register_tasks", "register_triggers"]


@hookimpl
def register_tasks() -> Registration:
    """Return the tasks of BigQuery and Cloud Storage."""
    return {
        "io.kestra.plugin.gcp.bigquery.Load": "tiercel_gcp.bigquery.load:Load",
        "io.kestra.plugin.gcp.bigquery.Query": "tiercel_gcp.bigquery.query:Query",
        "io.kestra.plugin.gcp.gcs.Copy": "tiercel_gcp.gcs.files:Copy",
        "io.kestra.plugin.gcp.gcs.CreateBucket": "tiercel_gcp.gcs.bucket:CreateBucket",
        "io.kestra.plugin.gcp.gcs.Delete": "tiercel_gcp.gcs.files:Delete",
        "io.kestra.plugin.gcp.gcs.DeleteBucket": "tiercel_gcp.gcs.many:DeleteBucket",
        "io.kestra.plugin.gcp.gcs.DeleteList": "tiercel_gcp.gcs.many:DeleteList",
        "io.kestra.plugin.gcp.gcs.Downloads": "tiercel_gcp.gcs.many:Downloads",
        "io.kestra.plugin.gcp.gcs.Download": "tiercel_gcp.gcs.download:Download",
        "io.kestra.plugin.gcp.gcs.List": "tiercel_gcp.gcs.listing:List",
        "io.kestra.plugin.gcp.gcs.Upload": "tiercel_gcp.gcs.upload:Upload",
    }


@hookimpl
def register_triggers() -> Registration:
    """Return the trigger of Cloud Storage."""
    return {"io.kestra.plugin.gcp.gcs.Trigger": "tiercel_gcp.gcs.trigger:Trigger"}


@hookimpl
def register_storages() -> Registration:
    """Return internal storage in a bucket: `gs://bucket/prefix`."""
    return {("gs", "gcs"): "tiercel_gcp.storage:open_storage"}
