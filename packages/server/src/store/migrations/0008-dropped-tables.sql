-- What the retention dropped: positions of a partition, with ids of [from_ms, to_ms), of which none is left. Tables are made on demand,
-- so that a time without one tells nothing: the audit chain asks here whether events may be gone.
create table log_dropped (
  partition int not null,
  first bigint not null,
  last bigint not null,
  from_ms bigint not null,
  to_ms bigint not null,
  primary key (partition, last, from_ms)
);

-- What left before this was remembered: any time between the tables that are left.
insert into log_dropped (partition, first, last, from_ms, to_ms)
  select h.partition, 1, h.position, g.from_ms, g.to_ms
  from heads h,
    (select coalesce(lag(to_ms) over (order by from_ms), 0) as from_ms, from_ms as to_ms from log_partitions) g
  where h.position > 0 and g.from_ms < g.to_ms;
