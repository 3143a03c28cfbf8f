-- +goose Up
-- Runs: one reconciliation each, with its plan, what was withheld, and what
-- people decided.

create table upload (
    id         bigint generated always as identity,
    name       text not null,
    created_at timestamptz not null default clock(),
    constraint upload_pkey primary key (id)
);
comment on table upload is 'A file given on the command line, kept until its run has ended';
comment on column upload.id is 'Surrogate key';
comment on column upload.name is 'The file''s name, without its folder';
comment on column upload.created_at is 'When it was stored';

create table upload_chunk (
    upload_id bigint not null,
    seq       integer not null,
    bytes     bytea not null,
    constraint upload_chunk_pkey primary key (upload_id, seq),
    constraint upload_chunk_upload_fkey foreign key (upload_id) references upload (id) on delete cascade
);
alter table upload_chunk alter column bytes set storage external;
comment on table upload_chunk is 'The bytes of an upload, in order';
comment on column upload_chunk.upload_id is 'The upload';
comment on column upload_chunk.seq is 'Position, from 0';
comment on column upload_chunk.bytes is 'The bytes';

create table run (
    id         bigint generated always as identity,
    kind       text not null,
    source     text collate "C" not null,
    report     text collate "C" not null,
    parent_id  bigint,
    as_of      date not null,
    actor      text not null,
    codes      text[] not null default '{}',
    upload_id  bigint,
    job_id     bigint,
    state      text not null default 'queued',
    planned    boolean not null default false,
    applied_to text collate "C" not null default '',
    stage      text not null default '',
    done       integer not null default 0,
    total      integer not null default 0,
    digest     text not null default '',
    etag       text not null default '',
    listing_digest bytea,
    summary    jsonb,
    error      text not null default '',
    created_at timestamptz not null default clock(),
    started_at timestamptz,
    ended_at   timestamptz,
    constraint run_pkey primary key (id),
    constraint run_parent_fkey foreign key (parent_id) references run (id),
    constraint run_upload_fkey foreign key (upload_id) references upload (id) on delete set null,
    constraint run_kind_known check (kind in ('listing', 'delta', 'approve', 'undo')),
    constraint run_state_known check (state in ('queued', 'running', 'done', 'withheld', 'refused', 'failed'))
);
create index run_open on run (source) where state in ('queued', 'running');
comment on table run is 'One reconciliation: pull, plan, guard, apply';
comment on column run.id is 'The run''s number, as people type it';
comment on column run.kind is 'listing (complete), delta (partial), approve or undo (of the parent)';
comment on column run.source is 'The register it reconciles';
comment on column run.report is 'The report it covers; api for single records';
comment on column run.parent_id is 'The run that an approval or an undo speaks of';
comment on column run.as_of is 'The day the pull speaks of';
comment on column run.actor is 'Who asked for it';
comment on column run.codes is 'The ODS codes it is limited to; empty for all';
comment on column run.upload_id is 'The file it reads; null when it pulls itself';
comment on column run.job_id is 'The queued job that works it; null when a command does';
comment on column run.state is 'queued, running, done, withheld (done, something waits), refused (nothing changed), failed';
comment on column run.planned is 'The plan is complete: what remains is to apply it';
comment on column run.applied_to is 'The last code whose part of the plan is applied; a killed run goes on behind it';
comment on column run.stage is 'What it is doing, for people who wait';
comment on column run.done is 'How much of the stage is done';
comment on column run.total is 'How much there is; 0 when unknown';
comment on column run.digest is 'SHA-256 over the plan in its fixed order, hex';
comment on column run.etag is 'The ETag of the listing, where the download service gave one';
comment on column run.listing_digest is 'First 16 bytes of the SHA-256 of the listing it read';
comment on column run.summary is 'The machine-readable result';
comment on column run.error is 'Why it was refused or failed';
comment on column run.created_at is 'When it was asked for';
comment on column run.started_at is 'When it was first worked';
comment on column run.ended_at is 'When it ended';

-- No foreign keys from here on: a run writes these rows by the hundred thousand, and runs are never deleted.
create table plan_row (
    run_id   bigint not null,
    code     text collate "C" not null,
    field    text collate "C" not null,
    type     text not null,
    verb     text not null,
    old      text not null,
    new      text not null,
    reason   text not null,
    undone   boolean not null default false,
    withheld text not null default '',
    moved    boolean not null default false,
    decision text not null default '',
    digest   bytea not null,
    constraint plan_row_pkey primary key (run_id, code, field),
    constraint plan_row_decision_known check (decision in ('', 'approved', 'rejected'))
);
create index plan_row_withheld on plan_row (run_id) where withheld <> '';
comment on table plan_row is 'What a run planned: a row a changed field, creation, closure or mark';
comment on column plan_row.run_id is 'The run';
comment on column plan_row.code is 'The profile';
comment on column plan_row.field is 'The field; empty for a creation or a missing mark';
comment on column plan_row.type is 'The profile''s type';
comment on column plan_row.verb is 'create, update, close, reopen, dormant or missing';
comment on column plan_row.old is 'The value before';
comment on column plan_row.new is 'The value after; every value as JSON for a creation';
comment on column plan_row.reason is 'upstream, drift or undo';
comment on column plan_row.undone is 'A person took this change back before';
comment on column plan_row.withheld is 'Why the guard held it back; empty when it did not';
comment on column plan_row.moved is 'Left out when applying, since the profile had moved by then';
comment on column plan_row.decision is 'What a person decided on a withheld row';
comment on column plan_row.digest is 'First 16 bytes of the SHA-256 of code, verb, field, old, new';

create table run_record (
    run_id        bigint not null,
    code          text collate "C" not null,
    raw_hash      bytea,
    facts         jsonb,
    facts_hash    bytea,
    settled       boolean not null,
    contradiction boolean not null,
    flag          text not null,
    revisit       date,
    pending_since date,
    constraint run_record_pkey primary key (run_id, code)
);
comment on table run_record is 'The records a run compared, until it has ended: what upstream_record will say';
comment on column run_record.run_id is 'The run';
comment on column run_record.code is 'ODS code';
comment on column run_record.raw_hash is 'See upstream_record; null for a record that is absent';
comment on column run_record.facts is 'See upstream_record; null when they are the known ones';
comment on column run_record.facts_hash is 'See upstream_record; null when they are the known ones';
comment on column run_record.settled is 'See upstream_record';
comment on column run_record.contradiction is 'See upstream_record';
comment on column run_record.flag is 'See upstream_record';
comment on column run_record.revisit is 'See upstream_record';
comment on column run_record.pending_since is 'See upstream_record';

create table mark (
    code    text collate "C" not null,
    field   text collate "C" not null,
    verdict text not null,
    value   text not null,
    run_id  bigint not null,
    actor   text not null,
    at      timestamptz not null default clock(),
    constraint mark_pkey primary key (code, field, verdict),
    constraint mark_run_fkey foreign key (run_id) references run (id),
    constraint mark_verdict_known check (verdict in ('rejected', 'undone'))
);
comment on table mark is 'What people decided on single values: rejected (silent until upstream changes) or undone (always withheld)';
comment on column mark.code is 'The profile';
comment on column mark.field is 'The field';
comment on column mark.verdict is 'rejected or undone';
comment on column mark.value is 'The value decided on';
comment on column mark.run_id is 'The run decided on';
comment on column mark.actor is 'Who decided';
comment on column mark.at is 'When';

create table hold (
    id     bigint generated always as identity,
    code   text collate "C" not null,
    field  text collate "C",
    sink   text collate "C",
    until  date,
    reason text not null,
    actor  text not null,
    at     timestamptz not null default clock(),
    constraint hold_pkey primary key (id),
    constraint hold_profile_fkey foreign key (code) references profile (code),
    constraint hold_field_or_sink check (num_nonnulls(field, sink) = 1),
    constraint hold_reason_stated check (reason <> '')
);
create index hold_by_profile on hold (code);
comment on table hold is 'A person''s instruction not to touch a field of a profile, or a profile for a sink';
comment on column hold.id is 'Surrogate key';
comment on column hold.code is 'The profile';
comment on column hold.field is 'The field that is held; null when a sink is';
comment on column hold.sink is 'The sink that is held; null when a field is';
comment on column hold.until is 'The last day of the hold; null for no end';
comment on column hold.reason is 'Why';
comment on column hold.actor is 'Who asked for it';
comment on column hold.at is 'When';

create table schedule_run (
    name   text not null,
    due_at timestamptz not null,
    job_id bigint,
    constraint schedule_run_pkey primary key (name, due_at)
);
comment on table schedule_run is 'The ledger of schedules: what was due, and the job that was queued for it';
comment on column schedule_run.name is 'The schedule';
comment on column schedule_run.due_at is 'When it was due';
comment on column schedule_run.job_id is 'The job; null for the entry that a new schedule starts from, and for runs that were passed over';
