-- Open tasks, a few among all that ever were: a fleet's snapshot wants them alone.
create index projections_open_tasks on projections_kept (tenant)
  where tbl = 'tasks' and state in ('submitted', 'working', 'input_required', 'auth_required');

-- This index asks about the state, so a row whose state changes is written to every index anew (PostgreSQL's HOT). Agents change theirs
-- all the time, and nothing asks for it here: their rows tell it in the body alone.
update projections_kept set state = null where tbl = 'agents';
