-- Events of a run by blocks of 256 positions (decision 0029): what a run has within one is listed under one key, a fifth of the bytes.
create index log_run_block on log (tenant, run, (position >> 8)) where run is not null;
drop index log_run;

-- Figures that are nothing take no bytes: of a minute most are. Their columns have new names, since a version that adds to them without
-- a thought of null would lose them, and one that reads them would take one for another.
do $$
declare
  _table text;
  _column text;
begin
  foreach _table in array array['rollups', 'rollups_long', 'rollups_next'] loop
    if to_regclass(_table) is not null then
      foreach _column in array array['failed', 'input_tokens', 'output_tokens', 'cached_tokens', 'cost_micros', 'duration_ms'] loop
        execute format('alter table %I alter column %I drop not null', _table, _column);
      end loop;
      for _i in 0..23 loop
        execute format('alter table %I alter column %I drop not null', _table, 'd' || _i);
        execute format('alter table %I rename column %I to %I', _table, 'd' || _i, 'took' || _i);
      end loop;
    end if;
  end loop;
end $$;
