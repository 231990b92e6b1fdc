-- Closed calls that a late event changed, as they were before it. With them a past moment finds each call as it was, and a snapshot need not
-- hold every call that closed since the one before it.
create table calls_replaced (
  partition int not null,
  position bigint not null,          -- it was so from here on,
  until bigint not null,             -- and no longer here
  tenant text not null,
  key text not null,
  body json not null,
  primary key (tenant, key, partition, until)
);
create index calls_replaced_until on calls_replaced (partition, until);
