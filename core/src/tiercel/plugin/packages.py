"""Which package brings which types and back ends: for the message that one is not installed."""

from __future__ import annotations

__all__ = ["package_for", "package_for_back_end", "stand_in_for"]

_PACKAGES = {
    "io.kestra.plugin.discord.": "tiercel-notifications",
    "io.kestra.plugin.email.": "tiercel-notifications",
    "io.kestra.plugin.googleworkspace.chat.": "tiercel-notifications",
    "io.kestra.plugin.meta.whatsapp.": "tiercel-notifications",
    "io.kestra.plugin.microsoft365.teams.": "tiercel-notifications",
    "io.kestra.plugin.notifications.": "tiercel-notifications",
    "io.kestra.plugin.opsgenie.": "tiercel-notifications",
    "io.kestra.plugin.pagerduty.": "tiercel-notifications",
    "io.kestra.plugin.slack.": "tiercel-notifications",
    "io.kestra.plugin.squadcast.": "tiercel-notifications",
    "io.kestra.plugin.telegram.": "tiercel-notifications",
    "io.kestra.plugin.zenduty.": "tiercel-notifications",
    "io.kestra.plugin.zulip.": "tiercel-notifications",
    "io.kestra.plugin.aws.": "tiercel-aws",
    "io.kestra.plugin.gcp.": "tiercel-gcp",
    "io.kestra.plugin.fs.sftp.": "tiercel-fs",
    "io.kestra.plugin.fs.ssh.": "tiercel-fs",
    "io.kestra.plugin.git.": "tiercel-git",
    "io.kestra.plugin.core.debug.": "tiercel-basic",
    "io.kestra.plugin.core.execution.": "tiercel-basic",
    "io.kestra.plugin.core.output.": "tiercel-basic",
    "io.kestra.plugin.core.flow.": "tiercel-flow",
    "io.kestra.plugin.core.http.": "tiercel-http",
    "io.kestra.plugin.core.kv.": "tiercel-kv",
    "io.kestra.plugin.core.log.": "tiercel-log",
    "io.kestra.plugin.core.metric.": "tiercel-basic",
    "io.kestra.plugin.core.namespace.": "tiercel-namespace",
    "io.kestra.plugin.core.state.": "tiercel-basic",
    "io.kestra.plugin.core.storage.": "tiercel-storage",
    "io.kestra.plugin.core.templating.": "tiercel-basic",
    "io.kestra.plugin.core.condition.": "tiercel-triggers",
    "io.kestra.plugin.core.trigger.": "tiercel-triggers",
    "io.kestra.plugin.core.runner.": "tiercel-scripts",
    "io.kestra.plugin.scripts.runner.docker.": "tiercel-docker",
    "io.kestra.plugin.scripts.": "tiercel-scripts",
    "io.kestra.plugin.serdes.": "tiercel-serdes",
    "io.kestra.plugin.jdbc.duckdb.": "tiercel-duckdb",
    "io.kestra.plugin.jdbc.sqlite.": "tiercel-jdbc",
    "io.kestra.plugin.jdbc.postgresql.": "tiercel-jdbc",
}

_STAND_INS = {
    # Kestra runs these inside its own JVM.
    "groovy": "io.kestra.plugin.scripts.groovy.Script",
    "jython": "io.kestra.plugin.scripts.python.Script",
    "nashorn": "io.kestra.plugin.scripts.node.Script",
}

_BACK_ENDS = {
    ("repository", "sqlite"): "tiercel-sql",
    ("storage", "azure"): "tiercel-azure",
    ("storage", "gs"): "tiercel-gcp",
    ("storage", "s3"): "tiercel-aws",
}


def package_for(type_name: str) -> str | None:
    """Return the package of ours that brings types like this one, or None."""
    for prefix, package in _PACKAGES.items():
        if type_name.startswith(prefix):
            return package
    return None


def package_for_back_end(kind: str, scheme: str) -> str | None:
    """Return the package of ours that brings a back end, or None.

    Args:
        kind: `repository`, `storage`, …
        scheme: what its URL begins with.
    """
    return _BACK_ENDS.get((kind, scheme))


def stand_in_for(type_name: str) -> str | None:
    """Return the type that does what one of Kestra's does that is not brought; None if none is."""
    package, _, name = type_name.rpartition(".")
    if name not in ("Eval", "FileTransform"):
        return None
    return _STAND_INS.get(package.removeprefix("io.kestra.plugin.scripts."))
