-- The log and its projections. Times are epoch milliseconds (bigint), money integer micros.

create table meta (
  singleton boolean primary key default true check (singleton),
  epoch text not null,               -- incarnation of the log, part of every cursor
  partitions int not null,
  system_identifier text not null,   -- with timeline: tells a restored database from the one we left
  timeline int not null
);

create table heads (
  partition int primary key,
  position bigint not null default 0,
  fence bigint not null default 0,   -- a sequencer takes the partition by adding one
  hash bytea not null default '\x',  -- of the last commit: the audit chain
  oldest bigint not null default 1   -- first position still kept
) with (fillfactor = 50);

create table log (
  position bigint not null,
  time bigint not null,
  received_at bigint not null,
  seq bigint,
  epoch bigint,
  id uuid not null,
  partition int not null,
  tenant text not null,
  source text not null,
  type text not null,
  run text,
  agent text,
  task text,
  cause text,
  trace text,
  data text not null,                -- exact JSON text: jsonb would refuse \u0000 and lone surrogates
  primary key (id, tenant)
) partition by range (id);
create index log_position on log (partition, position);
create index log_run on log (tenant, run, position) where run is not null;

-- One row a child of log: [from_ms, to_ms) of the ids' time. A child leaves when its range and its last backfill are past the retention.
create table log_partitions (
  name text primary key,
  from_ms bigint not null unique,
  to_ms bigint not null,
  backfilled_at bigint
);

create table commits (
  partition int not null,
  first bigint not null,
  last bigint not null,
  at bigint not null,
  stored int not null,
  duplicates int not null,
  refused int not null,
  min_id uuid not null,              -- bounds of the ids: lets reads by position prune children of log
  max_id uuid not null,
  hash bytea not null,
  primary key (partition, last)
);
create index commits_at on commits (partition, at);

-- Rows of the fold: agents, runs, tasks, calls, edges. The few columns beside body are what lists filter and sort by.
create table projections (
  position bigint not null,
  sort bigint not null,              -- agents: firstSeenAt, runs: startedAt, tasks: openedAt, calls: startedAt or endedAt, edges: firstAt
  partition int not null,
  tbl text not null,
  tenant text not null,
  key text not null,
  run text,
  agent text,
  task text,
  state text,                        -- agent status, run or task state, 'open' or 'closed' for calls, kind for edges
  body json not null,
  primary key (tenant, tbl, key, partition)
) with (fillfactor = 70);
create index projections_position on projections (partition, position);
-- Every write of a row writes every index that holds it: only what is listed newest first is in this one,
create index projections_sort on projections (tenant, tbl, sort, key) where tbl in ('runs', 'tasks');
-- and agents, the rows written most, are never looked up by run.
create index projections_run on projections (tenant, tbl, run) where run is not null and tbl <> 'agents';

create table snapshots (
  partition int not null,
  position bigint not null,
  at bigint not null,                -- receivedAt of the event at position
  fold text not null,                -- version of the fold; another version's snapshot is ignored
  state bytea not null,              -- zstd of JSON
  primary key (partition, position)
);

-- Progress of a consumer of the log; committed with its effect.
create table checkpoints (
  consumer text not null,
  partition int not null,
  position bigint not null,
  primary key (consumer, partition)
);

create table producers (
  tenant text not null,
  source text not null,
  body json not null,
  primary key (tenant, source)
);

create table quarantine (
  id uuid primary key,
  tenant text not null,
  at bigint not null,
  door text not null,
  code text not null,
  message text not null,
  event_id text,
  source text,
  body text not null,                -- as received, JSON text; cut at 64 KiB
  other_body text                    -- ID_REUSED: what is in the log under that id
);
create index quarantine_tenant on quarantine (tenant, id);

create table keys (
  id text primary key,
  tenant text not null,
  name text not null,
  scopes text[] not null,
  hash bytea not null,
  created_at bigint not null,
  last_used_at bigint,
  revoked_at bigint
);
