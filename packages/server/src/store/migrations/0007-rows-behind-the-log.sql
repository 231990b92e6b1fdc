-- Projections are written behind the log, several commits at once: this is the position they stand for.
alter table heads add column folded bigint not null default 0;
update heads set folded = position;

-- A version that still writes rows with each commit would not move `folded`: without its procedure it cannot commit any more.
drop procedure write_commit;

-- A commit is one message; its fence must therefore fail by itself. SQLSTATE SBX01: another writer has the partition.
create procedure commit_events(
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

-- Begins the transaction that writes rows, without a lock that a commit would wait for: the end decides.
create procedure before_rows(_partition int, _fence bigint) language plpgsql as $$
begin
  if not exists (select from heads where partition = _partition and fence = _fence) then
    raise exception 'partition % was taken by another writer', _partition using errcode = 'SBX01';
  end if;
end $$;

-- Ends the transaction that wrote rows: they stand for `_upto` now.
create procedure rows_written(_partition int, _fence bigint, _upto bigint) language plpgsql as $$
begin
  update heads set folded = _upto where partition = _partition and fence = _fence;
  if not found then
    raise exception 'partition % was taken by another writer', _partition using errcode = 'SBX01';
  end if;
end $$;
