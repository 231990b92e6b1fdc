-- Tasks of one agent, newest first: without it they are looked for among the newest of all, and a page of them comes short.
create index projections_agent_tasks on projections_kept (tenant, agent, sort, key) where tbl = 'tasks';
