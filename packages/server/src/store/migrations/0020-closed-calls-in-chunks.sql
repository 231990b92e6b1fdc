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
create index call_chunks_again on call_chunks (tenant, run, last) where again;

-- As before_rows was. A version that does not know of chunks would take a call that closed for one that never was: without its procedure it
-- cannot write rows any more.
drop procedure before_rows(int, bigint);
create procedure begin_rows(_partition int, _fence bigint) language plpgsql as $$
begin
  if not exists (select from heads where partition = _partition and fence = _fence) then
    raise exception 'partition % was taken by another writer', _partition using errcode = 'SBX01';
  end if;
end $$;
