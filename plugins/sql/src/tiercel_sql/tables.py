"""Every statement but those that `listing` puts together; the tables stand in `migrations`.

Constants, so that the driver prepares each once for a connection.
"""

from __future__ import annotations

__all__: list[str] = []

# Executions

EXECUTION_COLUMNS = (
    "e.id, e.tenant, e.namespace, e.flow_id, e.flow_revision, e.done, e.sequence, e.parent_id, "
    "e.original_id, e.history, e.error, b.labels, b.inputs, b.variables, b.outputs, b.started_by"
)
EXECUTION = (
    f"SELECT {EXECUTION_COLUMNS} FROM executions e "
    "JOIN execution_bodies b ON b.number = e.number WHERE e.id = ?"
)
EXECUTION_NUMBER = "SELECT number FROM executions WHERE id = ?"
EXECUTION_AGE = "SELECT started, number FROM executions WHERE id = ?"
ADD_EXECUTION = (
    "INSERT INTO executions (flow_revision, state, done, sequence, history, error, id, tenant, "
    "namespace, flow_id, started, parent_id, original_id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number"
)
# Apart from the next, since naming an indexed column rewrites its indexes even with the same value.
UPDATE_SEQUENCE = "UPDATE executions SET sequence = ? WHERE number = ? AND id = ?"
UPDATE_EXECUTION = (
    "UPDATE executions SET flow_revision = ?, state = ?, done = ?, sequence = ?, history = ?, "
    "error = ? WHERE number = ? AND id = ?"
)
SAVE_BODY = (
    "INSERT INTO execution_bodies (number, labels, inputs, variables, outputs, started_by) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET labels = excluded.labels, "
    "inputs = excluded.inputs, variables = excluded.variables, outputs = excluded.outputs, "
    "started_by = excluded.started_by"
)
LABELS = (
    "SELECT e.number, e.tenant, e.started, b.labels FROM executions e "
    "JOIN execution_bodies b ON b.number = e.number WHERE e.id = ?"
)
ADD_LABEL = (
    "INSERT INTO execution_labels (tenant, name, value, started, number) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (tenant, name, value, started, number) DO NOTHING"
)
DELETE_LABEL = (
    "DELETE FROM execution_labels "
    "WHERE tenant = ? AND name = ? AND value = ? AND started = ? AND number = ?"
)
UNFINISHED = (
    "SELECT id FROM executions WHERE done = 0 OR number IN ("
    "SELECT e.number FROM commands c JOIN executions e ON e.id = c.execution_id) ORDER BY number"
)
DELETE_EXECUTION = (
    "DELETE FROM executions WHERE number = ?",
    "DELETE FROM execution_bodies WHERE number = ?",
)
DELETE_OF_EXECUTION = tuple(
    f"DELETE FROM {table} WHERE execution_id = ?"
    for table in (
        "task_runs",
        "events",
        "commands",
        "claims",
        "inbox",
        "logs",
        "metrics",
        "state_changes",
    )
)
PURGE = tuple(
    f"DELETE FROM {table} WHERE execution_id = ? AND {key} IN "
    f"(SELECT {key} FROM {table} WHERE execution_id = ? LIMIT ?)"
    for table, key in (
        ("logs", "number"),
        ("metrics", "number"),
        ("events", "sequence"),
        ("task_runs", "id"),
    )
)
PURGE_LOGS = (
    "DELETE FROM logs WHERE execution_id = ? AND number IN "
    "(SELECT number FROM logs WHERE execution_id = ? AND at >= ? AND at < ? "
    "AND level IN (?, ?, ?, ?, ?) LIMIT ?)"
)
PURGE_METRICS = PURGE[1]

# What hangs on an execution

TASK_RUNS = (
    "SELECT id, task_id, parent_id, value, iteration, history, attempts, error, outputs "
    "FROM task_runs WHERE execution_id = ?"
)
REMOVE_TASK_RUN = "DELETE FROM task_runs WHERE execution_id = ? AND id = ?"
SAVE_TASK_RUN = (
    "INSERT INTO task_runs (execution_id, id, task_id, parent_id, value, iteration, history, "
    "attempts, error, outputs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (execution_id, id) DO UPDATE SET task_id = excluded.task_id, "
    "parent_id = excluded.parent_id, value = excluded.value, iteration = excluded.iteration, "
    "history = excluded.history, attempts = excluded.attempts, error = excluded.error, "
    "outputs = excluded.outputs"
)
EVENTS = (
    "SELECT execution_id, sequence, kind, payload FROM events WHERE execution_id = ? "
    "ORDER BY sequence"
)
ADD_EVENT = "INSERT INTO events (execution_id, sequence, kind, payload) VALUES (?, ?, ?, ?)"
COMMANDS = (
    "SELECT execution_id, id, kind, due, payload FROM commands WHERE execution_id = ? "
    "ORDER BY added"
)
SAVE_COMMAND = (
    "INSERT INTO commands (execution_id, id, added, kind, due, payload) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (execution_id, id) DO UPDATE SET kind = excluded.kind, due = excluded.due, "
    "payload = excluded.payload"
)
REMOVE_COMMAND = "DELETE FROM commands WHERE execution_id = ? AND id = ?"
_LOG_COLUMNS = "execution_id, number, at, level, task_run_id, task_id, attempt, message"
LOGS = (
    f"SELECT {_LOG_COLUMNS} FROM logs WHERE execution_id = ? AND number > ? ORDER BY number LIMIT ?"
)
LOGS_OF_TASK_RUN = LOGS.replace("ORDER BY", "AND task_run_id = ? ORDER BY")
ADD_LOG = (
    f"INSERT INTO logs ({_LOG_COLUMNS}) VALUES "
    "(?, (SELECT coalesce(max(number), 0) + 1 FROM logs WHERE execution_id = ?), "
    "?, ?, ?, ?, ?, ?)"
)
METRICS = (
    "SELECT execution_id, at, name, kind, value, tags, task_run_id, task_id FROM metrics "
    "WHERE execution_id = ? ORDER BY number"
)
ADD_METRIC = (
    "INSERT INTO metrics (execution_id, number, at, name, kind, value, tags, task_run_id, "
    "task_id) VALUES "
    "(?, (SELECT coalesce(max(number), 0) + 1 FROM metrics WHERE execution_id = ?), "
    "?, ?, ?, ?, ?, ?, ?)"
)

# Flows

FLOW_COLUMNS = "tenant, namespace, id, revision, created, deleted, source"
FLOW_REVISIONS = (
    f"SELECT {FLOW_COLUMNS} FROM flows WHERE tenant = ? AND namespace = ? AND id = ? "
    "ORDER BY revision"
)
NEWEST_FLOW = f"{FLOW_REVISIONS} DESC LIMIT 1"
FLOW_OF_REVISION = FLOW_REVISIONS.replace("ORDER BY revision", "AND revision = ?")
LIVING_FLOWS = (
    f"SELECT {FLOW_COLUMNS} FROM flows f WHERE tenant = ? AND deleted = 0 AND NOT EXISTS ("
    "SELECT 1 FROM flows newer WHERE newer.tenant = f.tenant AND newer.namespace = f.namespace "
    "AND newer.id = f.id AND newer.revision > f.revision)"
)
LIVING_FLOWS_OF_NAMESPACE = f"{LIVING_FLOWS} AND namespace = ?"
ADD_FLOW = f"INSERT INTO flows ({FLOW_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
DELETE_FLOW = "UPDATE flows SET deleted = 1 WHERE tenant = ? AND namespace = ? AND id = ?"

# Triggers, and what they are to be told of

_TRIGGER = "tenant = ? AND namespace = ? AND flow_id = ? AND id = ?"
_TRIGGER_VALUES = (
    "version = ?, updated = ?, next_date = ?, last_date = ?, execution_id = ?, disabled = ?, "
    "states = ?, backfill = ?, memory = ?"
)
TRIGGER_COLUMNS = (
    "tenant, namespace, flow_id, id, version, updated, next_date, last_date, execution_id, "
    "disabled, states, backfill, memory"
)
TRIGGER = f"SELECT {TRIGGER_COLUMNS} FROM triggers WHERE {_TRIGGER}"
TRIGGERS = (
    f"SELECT {TRIGGER_COLUMNS} FROM triggers WHERE tenant = ? AND version > ? ORDER BY version"
)
TRIGGERS_OF_NAMESPACE = TRIGGERS.replace("ORDER BY", "AND namespace = ? ORDER BY")
# Writers take turns here, so a greater version is never visible before a smaller one.
NEXT_TRIGGER_VERSION = (
    "UPDATE counters SET value = value + 1 WHERE name = 'triggers' RETURNING value"
)
ADD_TRIGGER = (
    f"INSERT INTO triggers ({TRIGGER_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
UPDATE_TRIGGER = f"UPDATE triggers SET {_TRIGGER_VALUES} WHERE {_TRIGGER} AND version = ?"
FREE_TRIGGER = (
    f"UPDATE triggers SET version = ?, execution_id = NULL WHERE {_TRIGGER} AND execution_id = ?"
)
TRIGGER_OF_EXECUTION = "SELECT 1 FROM triggers WHERE execution_id = ?"
FORGET_EXECUTION = "UPDATE triggers SET version = ?, execution_id = NULL WHERE execution_id = ?"
STOP_TRIGGER = f"UPDATE triggers SET version = ?, disabled = 1 WHERE {_TRIGGER}"
DELETE_TRIGGER = (
    f"DELETE FROM triggers WHERE {_TRIGGER}",
    "DELETE FROM state_changes "
    "WHERE tenant = ? AND namespace = ? AND flow_id = ? AND trigger_id = ?",
)
ANNOUNCE = (
    "INSERT INTO state_changes (tenant, namespace, flow_id, trigger_id, execution_id, step) "
    "SELECT tenant, namespace, flow_id, id, ?, ? FROM triggers "
    "WHERE tenant = ? AND states <> '' AND disabled = 0 AND states LIKE ?"
)
CHANGES = (
    "SELECT number, tenant, namespace, flow_id, trigger_id, execution_id, step "
    "FROM state_changes WHERE tenant = ? ORDER BY number LIMIT ?"
)
TAKE_CHANGE = "DELETE FROM state_changes WHERE number = ?"

# Keys of namespaces

KV_COLUMNS = "namespace, name, value, kind, created, updated, expires, description"
KV = f"SELECT {KV_COLUMNS} FROM kv WHERE namespace = ? AND name = ?"
KV_LIST = (
    f"SELECT {KV_COLUMNS} FROM kv WHERE namespace = ? AND (expires IS NULL OR expires > ?) "
    "AND substr(name, 1, ?) = ?"
)
_KV_EXPIRED = "(kv.expires IS NOT NULL AND kv.expires <= excluded.updated)"
SAVE_KV = (
    f"INSERT INTO kv ({KV_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (namespace, name) DO UPDATE SET value = excluded.value, kind = excluded.kind, "
    f"created = CASE WHEN {_KV_EXPIRED} THEN excluded.created ELSE kv.created END, "
    "updated = excluded.updated, expires = excluded.expires, description = excluded.description"
)
ADD_KV = f"{SAVE_KV} WHERE {_KV_EXPIRED} RETURNING name"
DELETE_KV = "DELETE FROM kv WHERE namespace = ? AND name = ?"

# Who runs what, and what was sent to them

CLAIMS = "SELECT execution_id, owner, epoch, until FROM claims ORDER BY epoch"
CLAIM = "SELECT owner, epoch, until FROM claims WHERE execution_id = ?"
ADD_CLAIM = (
    "INSERT INTO claims (execution_id, owner, until) VALUES (?, ?, ?) "
    "ON CONFLICT (execution_id) DO NOTHING RETURNING epoch"
)
HOLDS = "SELECT 1 FROM claims WHERE execution_id = ? AND epoch = ?"
RENEW_CLAIM = "UPDATE claims SET until = ? WHERE epoch = ?"
RENEW_CLAIMS = "UPDATE claims SET until = ? WHERE owner = ?"
DELETE_CLAIM = "DELETE FROM claims WHERE epoch = ?"
RUNNING = (
    "SELECT count(*) FROM executions WHERE tenant = ? AND namespace = ? AND flow_id = ? "
    "AND done = 0 AND state IN ('RUNNING', 'PAUSED', 'RETRYING', 'KILLING')"
)
QUEUED = (
    "SELECT e.id FROM executions e JOIN claims c ON c.execution_id = e.id "
    "WHERE e.tenant = ? AND e.namespace = ? AND e.flow_id = ? AND e.done = 0 "
    "AND e.state = 'QUEUED' AND c.until > ? ORDER BY e.number LIMIT ?"
)
RELEASE = "DELETE FROM claims WHERE execution_id = ? AND owner = ?"
SEND = (
    "INSERT INTO inbox (execution_id, kind, payload) "
    "SELECT id, ?, ? FROM executions WHERE id = ? AND done = 0"
)
MESSAGES = "SELECT number, kind, payload FROM inbox WHERE execution_id = ? ORDER BY number"
# CROSS JOIN tells SQLite to begin with the inbox, which is nearly always empty.
RECEIVE = (
    "SELECT i.number, i.execution_id, i.kind, i.payload FROM inbox i CROSS JOIN claims c "
    "WHERE c.execution_id = i.execution_id AND c.owner = ? ORDER BY i.number LIMIT ?"
)
ACKNOWLEDGE = "DELETE FROM inbox WHERE number = ?"
