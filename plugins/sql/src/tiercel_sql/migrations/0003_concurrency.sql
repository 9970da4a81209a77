-- Which executions of a flow run, and which wait: only the open ones, however many have ended.

CREATE INDEX executions_open_by_flow ON executions (tenant, namespace, flow_id, state, number)
    WHERE done = 0;
