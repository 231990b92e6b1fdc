-- What is kept of refused items leaves with the retention, oldest first, a bounded step at a time.
create index quarantine_at on quarantine (at);
