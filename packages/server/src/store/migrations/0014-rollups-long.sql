-- Longer sums of `rollups`, made behind it (`store/rollups-long.ts`), so that a long time is answered from few rows. Each is of one cut:
-- what figures by agent need not tell apart (names), what figures by name need not (agents), or both told apart.
create table rollups_long (
  begins bigint not null,            -- epoch ms, a multiple of span_ms
  input_tokens double precision not null,
  output_tokens double precision not null,
  cached_tokens double precision not null,
  cost_micros double precision not null,
  duration_ms double precision not null,
  calls bigint not null,
  failed bigint not null,
  span_ms int not null,
  d0 int not null, d1 int not null, d2 int not null, d3 int not null, d4 int not null, d5 int not null, d6 int not null, d7 int not null,
  d8 int not null, d9 int not null, d10 int not null, d11 int not null, d12 int not null, d13 int not null, d14 int not null,
  d15 int not null, d16 int not null, d17 int not null, d18 int not null, d19 int not null, d20 int not null, d21 int not null,
  d22 int not null, d23 int not null,
  cut text collate "C" not null,     -- agent (names are ''), name (agents are ''), both
  kind text collate "C" not null,
  tenant text not null,
  agent text collate "C" not null,
  name text collate "C" not null,
  primary key (tenant, span_ms, cut, begins, kind, agent, name)
);
create index rollups_long_begins on rollups_long using brin (begins) with (pages_per_range = 32, autosummarize = on);

-- Minutes whose longer sums are to be made again. Only added to and taken away: a writer never waits for who sums, and no note is lost.
create table rollups_changed (
  minute bigint not null,
  tenant text not null
);
create index rollups_changed_minute on rollups_changed (tenant, minute);

-- Longer sums stand for what lies wholly before `until`, but for the minutes that are noted as changed. One row; who sums locks it.
create table rollups_until (until bigint not null);
insert into rollups_until values (0);

-- Minutes before it are noted when they are written. Never behind `rollups_until`.
alter table heads add column summed bigint not null default 0;

-- Ends the transaction that wrote rows, and notes which of the minutes that it added to were summed before. `_oldest` is of those minutes;
-- null: none. The head is locked from here on, so that who raises `summed` sees what was written before, or has it noted.
-- A version that does not note them cannot write rows any more.
drop procedure rows_written(int, bigint, bigint);
create procedure rows_written(_partition int, _fence bigint, _upto bigint, _oldest bigint, _tenants text[], _minutes bigint[]) language plpgsql as $$
declare
  _summed bigint;
begin
  update heads set folded = _upto where partition = _partition and fence = _fence returning summed into _summed;
  if not found then
    raise exception 'partition % was taken by another writer', _partition using errcode = 'SBX01';
  end if;
  if _oldest < _summed then
    insert into rollups_changed (tenant, minute) select tenant, minute from unnest(_tenants, _minutes) as w (tenant, minute) where minute < _summed;
  end if;
end $$;

-- Metrics are a few of many events, and asked for by time: without it a day of them is looked for among all that happened.
create index log_metric on log (tenant, id) where type = 'metric';
