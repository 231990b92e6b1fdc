-- Of a key's rows, the position that the first was written with, or the last that was an open call; null: written by an older version. It
-- tells a row that was another one at an earlier position from one that was not there, without a look at what was.
alter table projections add column born bigint;

-- What goes on, for snapshots: all agents and the runs that have not ended. No column is in it that changes without these.
create index projections_live on projections_kept (partition) where tbl = 'agents' or (tbl = 'runs' and state = 'running');

-- A snapshot holds what went on at its position; what had ended is looked up by key, in the projections and in `snapshots_kept`. An older
-- version's is spread: it holds what had changed since the one before it, and is read with all of `snapshots_kept` up to it.
alter table snapshots add column spread boolean not null default true;
