-- Calls as they close from now on: those of a run that closed between two writes of rows, as one value (`store/call-chunk.ts`). None is ever
-- changed: a call that changes after it closed is written again, and its newest is what it is. Closed calls of before stay in
-- projections_closed, and what replaced them by now in calls_replaced; nothing is added to either.
create table call_chunks (
  partition int not null,
  first bigint not null,
  last bigint not null,
  count int not null,
  again boolean not null,            -- all of them had closed before
  tenant text not null,
  run text collate "C" not null,     -- '' of none
  hashes int[] not null,             -- of their keys
  calls bytea not null,
  primary key (tenant, run, last, partition)
);
-- Compressed already; and hashes never shrink.
alter table call_chunks alter column calls set storage external, alter column hashes set storage plain;
-- Of the position first: with the partition before it, a tenant's few calls are looked for among all of a partition.
create index call_chunks_last on call_chunks (last, partition);
-- Of what was written at once the last position is at most 4,095 after the first, and readers look no further; merged ones may be longer.
create index call_chunks_long on call_chunks using gist (int8range(first, last, '[]')) where last - first > 4095;
create index call_chunks_again on call_chunks (tenant, run) where again;
