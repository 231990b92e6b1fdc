-- Days of the log that nothing is added to any more, as compressed chunks (`store/sealing.ts`). A chunk is a stretch of consecutive positions
-- of one partition, all of one table of the log; an event is in its table or in a chunk, never in both.
create table log_chunks (
  partition int not null,
  first bigint not null,
  last bigint not null,              -- at most 499 after first: readers look no further
  min_time bigint not null,
  max_time bigint not null,
  min_id uuid not null,
  max_id uuid not null,
  id_times int8range not null,       -- ms of the ids, both ends in it
  terms int[] not null,              -- hashes of its runs and types: a wrong guess opens a chunk for nothing
  lines bytea not null,              -- zstd of COPY's lines, in the order of positions
  primary key (partition, last)
);
-- Compressed already.
alter table log_chunks alter column lines set storage external;
create index log_chunks_min_id on log_chunks (min_id);
create index log_chunks_max_id on log_chunks (max_id);
-- Ids of chunks overlap where senders were late: which ones may have an id.
create index log_chunks_id_times on log_chunks using gist (id_times);
create index log_chunks_terms on log_chunks using gin (terms);

-- Ids of before it (epoch ms) may be in chunks, whose key refuses none: who commits one has to look there, and keep days from being sealed meanwhile.
alter table heads add column sealed bigint not null default 0;

-- As before; and refused where the writer knows of fewer sealed days than there are. SQLSTATE SBX02. A version that does not look into chunks cannot commit any more.
drop procedure commit_events(int, bigint, bigint, bigint, bigint, int, int, uuid, uuid, bytea);
create procedure commit_events(
  _partition int, _fence bigint, _first bigint, _last bigint, _at bigint, _duplicates int, _refused int, _min_id uuid, _max_id uuid, _hash bytea, _sealed bigint
) language plpgsql as $$
declare
  _sealed_now bigint;
begin
  update heads set position = _last, hash = _hash where partition = _partition and fence = _fence returning sealed into _sealed_now;
  if not found then
    raise exception 'partition % was taken by another writer', _partition using errcode = 'SBX01';
  end if;
  if _sealed_now > _sealed then
    raise exception 'days were sealed that the writer of partition % does not know of', _partition using errcode = 'SBX02';
  end if;
  insert into commits (partition, first, last, at, stored, duplicates, refused, min_id, max_id, hash)
    values (_partition, _first, _last, _at, _last - _first + 1, _duplicates, _refused, _min_id, _max_id, _hash);
end $$;
