-- A task by its name alone: its key begins with its run.
create index projections_task on projections (tenant, task, sort, key) where tbl = 'tasks';
-- Open calls, a few among all that ever were: a snapshot wants them alone. A call leaves this index when it closes.
create index projections_open on projections (tenant, run) where tbl = 'calls' and state = 'open';
