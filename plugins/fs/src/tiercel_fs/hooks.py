"""What this package adds to Tiercel; imported at start-up, so it imports nothing itself."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]

_READING = ("Download", "Downloads", "List")
_CHANGING = ("Delete", "Move", "Upload", "Uploads")


@hookimpl
def register_tasks() -> Registration:
    """Return the tasks of SSH and SFTP."""
    prefix = "io.kestra.plugin.fs."
    return {
        f"{prefix}ssh.Command": "tiercel_fs.command:Command",
        **{f"{prefix}sftp.{name}": f"tiercel_fs.reading:{name}" for name in _READING},
        **{f"{prefix}sftp.{name}": f"tiercel_fs.changing:{name}" for name in _CHANGING},
    }
