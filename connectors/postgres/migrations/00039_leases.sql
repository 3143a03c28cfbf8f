-- +goose Up
-- A key whose request was cut off can be begun again, and a run knows which request it was stored for.

set local lock_timeout = '2s'; -- daemons at work wait behind a lock that is waited for: Migrate tries again
alter table idempotency_key add column process text collate "C" not null default '',
    add column leased_until timestamptz not null default now() + interval '2 hours';
comment on column idempotency_key.at is 'When it was first begun, by the real time';
comment on column idempotency_key.process is 'The process that answers it (process.name): once it has ended, and its sessions, whoever repeats the request begins it again';
comment on column idempotency_key.leased_until is 'Without an answer, it is begun again from then on, whatever became of the process: no request takes so long';

alter table run add column once bytea;
create unique index run_once on run (once) where once is not null;
comment on column run.once is 'SHA-256 of the repeatable request that it was stored for, and of which part of it; null for all others';
