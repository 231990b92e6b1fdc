-- What snapshots of the fold share: calls that were closed, and rows that no longer changed, each written once when it came to rest and read
-- by every snapshot at its position or after. A snapshot itself holds what changed since the one before it.
create table snapshots_kept (
  partition int not null,
  position bigint not null,          -- of the snapshot it was taken with
  before bigint not null,            -- of the snapshot before that: what rested since is in here
  fold text not null,
  state bytea not null,              -- zstd of JSON, as in snapshots
  primary key (partition, position)
);
