-- A commit is one message; its fence must therefore fail by itself. SQLSTATE SBX01: another writer has the partition.
create procedure write_commit(
  _partition int, _fence bigint, _first bigint, _last bigint, _at bigint, _duplicates int, _refused int, _min_id uuid, _max_id uuid, _hash bytea
) language plpgsql as $$
begin
  update heads set position = _last, hash = _hash where partition = _partition and fence = _fence;
  if not found then
    raise exception 'partition % was taken by another writer', _partition using errcode = 'SBX01';
  end if;
  insert into commits (partition, first, last, at, stored, duplicates, refused, min_id, max_id, hash)
    values (_partition, _first, _last, _at, _last - _first + 1, _duplicates, _refused, _min_id, _max_id, _hash);
end $$;

-- Every write of a row changes its position: in a B-tree that makes each update write all indexes (no HOT), in BRIN it does not.
drop index projections_position;
create index projections_position on projections using brin (position) with (pages_per_range = 32, autosummarize = on);
