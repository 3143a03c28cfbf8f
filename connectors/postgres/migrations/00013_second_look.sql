-- +goose Up
-- What an attack on the leases and fences found.

alter table process add column announced boolean not null default true;
comment on column process.announced is 'Whether it announced itself; false for one that only its jobs name: of an earlier version of the program';

create index push_unattended on push (code) where state = 'wanted' and due_at is null and job_id is null;

alter table letter add column begun_at timestamptz;
comment on column letter.begun_at is 'Since when it may have been handed to the mail service; null before';
