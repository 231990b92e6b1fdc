-- An agent's tasks, newest first: by the order of all tasks ten thousand of them were looked at for each page, and older ones came on later pages.
-- Of what it holds only the assignee may change, so rows are updated in place as before.
create index projections_assignee on projections (tenant, agent, sort, key) where tbl = 'tasks';
