-- Open calls apart from all other rows: a call opens and closes in one small table, and a snapshot reads it alone. As an index
-- on the state of calls the same cost each call two more entries in large indexes.
-- The key of what is of a run begins with it, and sorts bytewise: the primary key finds a run's rows, without an index of their own.
drop index projections_open;
alter table projections rename to projections_before;
-- A rebuild that was under way begins again.
drop table if exists projections_next;
delete from checkpoints where consumer like 'rebuild to fold %';

create table projections (
  position bigint not null,
  sort bigint not null,              -- agents: firstSeenAt, runs: startedAt, tasks: openedAt, calls: startedAt or endedAt, edges: firstAt
  partition int not null,
  open boolean not null,             -- a call that has not ended; the writer moves a row when it closes
  tbl text not null,
  tenant text not null,
  key text collate "C" not null,
  run text,
  agent text,
  task text,
  state text,                        -- agent status, run or task state, 'open' or 'closed' for calls, kind for edges
  body json not null
) partition by list (open);
create table projections_open partition of projections (check (tbl = 'calls')) for values in (true)
  with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
create table projections_kept partition of projections for values in (false) with (fillfactor = 70);

insert into projections (position, sort, partition, open, tbl, tenant, key, run, agent, task, state, body)
  select position, sort, partition, tbl = 'calls' and state = 'open', tbl, tenant, key, run, agent, task, state, body from projections_before;
drop table projections_before;

alter table projections add primary key (tenant, tbl, key, partition, open);
create index projections_position on projections using brin (position) with (pages_per_range = 32, autosummarize = on);
create index projections_sort on projections (tenant, tbl, sort, key) where tbl in ('runs', 'tasks');
create index projections_task on projections (tenant, task, sort, key) where tbl = 'tasks';
