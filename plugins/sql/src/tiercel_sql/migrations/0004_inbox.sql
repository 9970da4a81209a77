-- Whoever writes the end of an execution looks for its last messages; later ones are not kept.
CREATE INDEX inbox_of_execution ON inbox (execution_id, number);

DELETE FROM inbox WHERE execution_id NOT IN (SELECT id FROM executions WHERE done = 0);
