-- Read by sqlc only: the columns of the job queue's tables that our queries read. The tables themselves come from River's
-- own migrations, where state is an enum.
create schema river;
create table river.river_job (
    id           bigint not null,
    attempted_by text[],
    queue        text not null,
    state        text not null,
    scheduled_at timestamptz not null
);
