-- Figures of each minute, by agent and by model or tool: sums of what `model/rollup.ts` measures, written with the rows that they are of.
-- A partition's writer writes its own: no two wait for each other. `minute` is epoch ms.
create table rollups (
  minute bigint not null,
  input_tokens double precision not null,
  output_tokens double precision not null,
  cached_tokens double precision not null,
  cost_micros double precision not null,
  duration_ms double precision not null,
  calls bigint not null,             -- of kinds event and type: events
  failed bigint not null,
  partition int not null,
  -- How many took up to each of `durationBoundsMs`; columns, since an array would be read apart and made anew for each of them.
  d0 int not null, d1 int not null, d2 int not null, d3 int not null, d4 int not null, d5 int not null, d6 int not null, d7 int not null,
  d8 int not null, d9 int not null, d10 int not null, d11 int not null, d12 int not null, d13 int not null, d14 int not null,
  d15 int not null, d16 int not null, d17 int not null, d18 int not null, d19 int not null, d20 int not null, d21 int not null,
  d22 int not null, d23 int not null,
  kind text collate "C" not null,    -- llm, tool, task, event (by agent), type (events by their type)
  tenant text not null,
  agent text collate "C" not null,   -- '' of none; \u0001: of more agents than a minute tells apart
  name text collate "C" not null,
  primary key (tenant, minute, kind, agent, name, partition)
) with (fillfactor = 70);
create index rollups_minute on rollups using brin (minute) with (pages_per_range = 32, autosummarize = on);
