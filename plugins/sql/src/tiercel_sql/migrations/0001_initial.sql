-- Times are microseconds since 1970, truth values 0 and 1, structured values JSON text.
-- {serial}: numbers itself. {forever}: numbers itself and never uses a number twice.
-- {number}: a primary key that is given. {clustered}: the table is stored in the key's order.

CREATE TABLE flows (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created BIGINT NOT NULL,
    deleted SMALLINT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (tenant, namespace, id, revision)
);

-- What changes with every transition is kept narrow; what hardly changes is in execution_bodies.
CREATE TABLE executions (
    number {serial},
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    flow_revision BIGINT NOT NULL,
    state TEXT NOT NULL,
    started BIGINT NOT NULL,
    done SMALLINT NOT NULL,
    sequence BIGINT NOT NULL,
    parent_id TEXT,
    original_id TEXT NOT NULL,
    history TEXT NOT NULL,
    error TEXT
);

-- One index per way to list, each in the order of the list: a page costs the same at any size.
CREATE INDEX executions_by_start ON executions (tenant, started);
CREATE INDEX executions_by_namespace ON executions (tenant, namespace, started);
CREATE INDEX executions_by_flow ON executions (tenant, flow_id, started);
CREATE INDEX executions_by_namespace_and_flow ON executions (tenant, namespace, flow_id, started);
CREATE INDEX executions_by_state ON executions (tenant, state, started);
CREATE INDEX executions_by_parent ON executions (tenant, parent_id, started)
    WHERE parent_id IS NOT NULL;
CREATE INDEX executions_open ON executions (number) WHERE done = 0;

CREATE TABLE execution_bodies (
    number {number},
    labels TEXT NOT NULL,
    inputs TEXT NOT NULL,
    variables TEXT NOT NULL,
    outputs TEXT,
    started_by TEXT
);

CREATE TABLE execution_labels (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    started BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (tenant, name, value, started, number)
) {clustered};

CREATE TABLE task_runs (
    execution_id TEXT NOT NULL,
    id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    parent_id TEXT,
    value TEXT,
    iteration BIGINT,
    history TEXT NOT NULL,
    attempts TEXT NOT NULL,
    error TEXT,
    outputs TEXT,
    PRIMARY KEY (execution_id, id)
) {clustered};

CREATE TABLE events (
    execution_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (execution_id, sequence)
) {clustered};

CREATE TABLE commands (
    execution_id TEXT NOT NULL,
    id TEXT NOT NULL,
    added BIGINT NOT NULL,
    kind TEXT NOT NULL,
    due BIGINT,
    payload TEXT NOT NULL,
    PRIMARY KEY (execution_id, id)
) {clustered};

CREATE TABLE claims (
    epoch {forever},
    execution_id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    until BIGINT NOT NULL
);

CREATE TABLE inbox (
    number {forever},
    execution_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL
);

CREATE TABLE logs (
    execution_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    level TEXT NOT NULL,
    task_run_id TEXT,
    task_id TEXT,
    attempt BIGINT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (execution_id, number)
) {clustered};

CREATE TABLE metrics (
    execution_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    tags TEXT NOT NULL,
    task_run_id TEXT,
    task_id TEXT,
    PRIMARY KEY (execution_id, number)
) {clustered};

CREATE TABLE kv (
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    kind TEXT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    expires BIGINT,
    description TEXT,
    PRIMARY KEY (namespace, name)
);
