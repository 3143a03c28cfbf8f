-- +goose Up
-- Processes that work on this database, and how far what must never stop has
-- come. A process that is gone has ended here before its work goes to another:
-- its sessions are terminated, and no new one of it is let in.

create table process (
    id         bigint not null generated always as identity,
    name       text collate "C" not null,
    started_at timestamptz not null default clock_timestamp(),
    seen_at    timestamptz not null default clock_timestamp(),
    ended_at   timestamptz,
    cleared_at timestamptz,
    constraint process_pkey primary key (name),
    constraint process_id_once unique (id),
    constraint process_cleared_after_end check (cleared_at is null or ended_at is not null)
);
comment on table process is 'Programs that work jobs, runs or pushes, each under a name that is used once';
comment on column process.id is 'Number of the process; a push that a command works carries it, negative, as its job';
comment on column process.name is 'Host, process id and a random part; the name its jobs and sessions carry';
comment on column process.started_at is 'When it announced itself first';
comment on column process.seen_at is 'When it last said that it lives';
comment on column process.ended_at is 'When it stopped or was found gone: from then on the database lets no session of it in; null while it lives';
comment on column process.cleared_at is 'When its last session was gone and its jobs were made available again; null before';

create table forward_progress (
    activity text collate "C" not null,
    at       timestamptz not null,
    constraint forward_progress_pkey primary key (activity)
);
comment on table forward_progress is 'When what must never stop last came through, whichever process did it';
comment on column forward_progress.activity is 'dispatch: a round of the dispatcher; tick: a walk through the schedules';
comment on column forward_progress.at is 'When it last committed';
