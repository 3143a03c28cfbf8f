-- Read only by sqlc: the columns of River's and of Postgres's own tables that our queries use. River's migrations create its
-- tables; there, state is an enum.
create schema river;
create type river.river_job_state as enum ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled');
create table river.river_job (
    id           bigint not null,
    kind         text not null,
    attempt      smallint not null,
    max_attempts smallint not null,
    metadata     jsonb not null,
    attempted_at timestamptz,
    attempted_by text[],
    queue        text not null,
    state        text not null,
    scheduled_at timestamptz not null,
    finalized_at timestamptz
);
create table pg_stat_activity (
    pid              integer not null,
    datname          text,
    application_name text
);
create table pg_locks (
    locktype text,
    classid  oid,
    objid    oid,
    objsubid smallint,
    pid      integer,
    granted  boolean
);
