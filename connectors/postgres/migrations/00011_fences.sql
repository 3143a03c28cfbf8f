-- +goose Up
-- Fences: a write that is tried again after an answer was lost takes effect only where things still stand as its writer
-- knew them, and knows its own work when it sees it again.

alter table push
    add column settled_job bigint,
    add column asked bigint not null default 0,
    add column answered bigint not null default 0;
create index push_left_behind on push (code)
    where asked > answered and due_at is null and job_id is null and state not in ('held', 'no-route');
comment on column push.job_id is 'The queued job that works it, or the number of the process of a command that does, negative; null when there is none. Only who carries it may number or settle it';
comment on column push.settled_job is 'The job or command that settled it last, as in job_id: who does so again finds that it is done';
comment on column push.asked is 'How often the dispatcher noted changes that it is to bring';
comment on column push.answered is 'How many of those were in what the sink took or refused last';
