-- +goose NO TRANSACTION
-- +goose Up
-- Pushes and records in quarantine are listed page by page, the newest first. The indexes are built while daemons work.

drop index concurrently if exists push_listed; -- what an attempt that was cut off left behind
create index concurrently push_listed on push (wanted_at desc, code, sink);
drop index concurrently if exists quarantine_listed;
create index concurrently quarantine_listed on quarantine (last_seen desc, report, line, id);
