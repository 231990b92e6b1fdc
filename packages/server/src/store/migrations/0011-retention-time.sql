-- The time that the retention has come to (epoch ms), which no clock moves by a jump; null while nothing was committed.
alter table meta add column retention_at bigint;
update meta set retention_at = (select max(at) from commits);
