-- What people keep beside the log: saved views and acknowledgements. A removal stays as a row without body, for as long as an older
-- change may still come from a page that was offline.
create table kept (
  tenant text not null,
  kind text not null,                -- view or acknowledgement
  id text collate "C" not null,
  at bigint not null,                -- of the change, epoch ms
  body text,                         -- JSON; null: removed
  primary key (tenant, kind, id)
);
create index kept_removed on kept (at) where body is null;
