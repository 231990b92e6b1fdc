-- What `autosummarize` asks of autovacuum waits for a vacuum of the same table and ends it after a second: one that takes longer was never done.
-- The server sums up changed rows itself (block-ranges.ts), vacuum the others.
alter index projections_kept_position set (autosummarize = off);
alter index rollups_minute set (autosummarize = off);
alter index rollups_long_begins set (autosummarize = off);
