-- What flows' triggers keep between their occasions. A trigger's version says when it was written:
-- all take theirs from one counter, so whoever knows the greatest version finds what came after.

CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO counters (name, value) VALUES ('triggers', 0);

CREATE TABLE triggers (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    next_date BIGINT,
    last_date BIGINT,
    execution_id TEXT,
    disabled SMALLINT NOT NULL,
    states TEXT NOT NULL,
    backfill TEXT,
    memory TEXT,
    PRIMARY KEY (tenant, namespace, flow_id, id)
);

CREATE INDEX triggers_by_version ON triggers (tenant, version);
CREATE INDEX triggers_by_execution ON triggers (execution_id) WHERE execution_id IS NOT NULL;
CREATE INDEX triggers_that_listen ON triggers (tenant) WHERE states <> '';

-- Changes of executions' states that triggers are to be told of.
CREATE TABLE state_changes (
    number {forever},
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    trigger_id TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    step BIGINT NOT NULL
);

CREATE INDEX state_changes_by_execution ON state_changes (execution_id);
