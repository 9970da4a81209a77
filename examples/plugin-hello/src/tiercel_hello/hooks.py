"""Which types this package brings; light, because it is imported at every start."""

from tiercel.plugin import Registration, hookimpl


@hookimpl
def register_tasks() -> Registration:
    """Return the one task."""
    return {"com.example.hello.Reverse": "tiercel_hello.reverse:Reverse"}
