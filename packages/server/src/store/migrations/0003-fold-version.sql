-- The version of the fold that a partition's projections were made with. Another one's rows may have another shape:
-- the server makes them again before it serves (store/rebuild.ts). '' is from before this was remembered.
alter table heads add column fold text not null default '';
-- Epochs of this same log from before its projections were made again: their positions hold, rows read under them do not.
alter table meta add column former_epochs text[] not null default '{}';
