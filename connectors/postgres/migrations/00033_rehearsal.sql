-- +goose Up
-- Rehearsals: plans of a day to come, which are never applied, and what people approve of them ahead.

alter table plan drop constraint plan_kind_known,
    add constraint plan_kind_known check (kind in ('listing', 'delta', 'rehearsal'));
-- A rehearsal is planned under a number that vanishes with its transaction: no run of that kind is ever stored.
alter table run drop constraint run_kind_known,
    add constraint run_kind_known check (kind in ('listing', 'delta', 'approve', 'undo') or (kind = 'rehearsal' and id < 0 and not planned));
comment on column plan.kind is 'See run.kind; a rehearsal is of a day that had not come yet, and is never applied';

create table approval_ahead (
    id         bigint generated always as identity,
    plan_id    bigint not null,
    first_day  date not null,
    last_day   date not null,
    digest     text not null,
    actor      text not null,
    os_user    text not null,
    created_at timestamptz not null default clock(),
    constraint approval_ahead_pkey primary key (id),
    constraint approval_ahead_plan_fkey foreign key (plan_id) references plan (id),
    constraint approval_ahead_span check (first_day <= last_day)
);
create index approval_ahead_by_plan on approval_ahead (plan_id);
comment on table approval_ahead is 'A person''s approval of changes of a rehearsal, for runs of a span of days';
comment on column approval_ahead.id is 'Surrogate key';
comment on column approval_ahead.plan_id is 'The rehearsal';
comment on column approval_ahead.first_day is 'The first day for which a run may be that applies them';
comment on column approval_ahead.last_day is 'The last such day';
comment on column approval_ahead.digest is 'Of exactly the changes that were approved';
comment on column approval_ahead.actor is 'Who approved';
comment on column approval_ahead.os_user is 'The operating-system user who did, whatever name was given as actor';
comment on column approval_ahead.created_at is 'When';

create table approved_ahead (
    approval_id bigint not null,
    code        text collate "C" not null,
    field       text collate "C" not null,
    fact        text collate "C" not null,
    type        text not null,
    verb        text not null,
    old         text not null,
    new         text not null,
    digest      bytea not null,
    state       text not null default 'open',
    run_id      bigint,
    ended_by    text not null default '',
    ended_at    timestamptz,
    constraint approved_ahead_pkey primary key (approval_id, code, field),
    constraint approved_ahead_approval_fkey foreign key (approval_id) references approval_ahead (id),
    constraint approved_ahead_state_known check (state in ('open', 'used', 'rejected', 'undone', 'withdrawn')),
    constraint approved_ahead_used_by_a_run check ((run_id is not null) = (state in ('used', 'undone'))),
    constraint approved_ahead_ends_once check ((ended_at is not null) = (state <> 'open'))
);
create index approved_ahead_open on approved_ahead (code, field) where state = 'open';
create index approved_ahead_by_run on approved_ahead (run_id, code, field) where run_id is not null;
comment on table approved_ahead is 'A change of a rehearsal that a person approved ahead: the first run of the span that finds the same applies it, once';
comment on column approved_ahead.approval_id is 'The approval';
comment on column approved_ahead.code is 'See plan_row';
comment on column approved_ahead.field is 'See plan_row';
comment on column approved_ahead.fact is 'See plan_row';
comment on column approved_ahead.type is 'See plan_row';
comment on column approved_ahead.verb is 'See plan_row';
comment on column approved_ahead.old is 'The value that was seen; see plan_row';
comment on column approved_ahead.new is 'See plan_row';
comment on column approved_ahead.digest is 'See plan_row';
comment on column approved_ahead.state is 'open until a run uses it, a person rejects or undoes the value, or withdraws the approval; after the last day it is over';
comment on column approved_ahead.run_id is 'The run that used it, or the undo that ended it';
comment on column approved_ahead.ended_by is 'Who rejected or withdrew it';
comment on column approved_ahead.ended_at is 'When it was used or ended';

alter table plan_row add column ahead_id bigint;
create index plan_row_ahead on plan_row (run_id) where ahead_id is not null;
comment on column plan_row.ahead_id is 'The approval ahead by which it is applied unasked; null for any other';

create trigger approval_ahead_written after insert on approval_ahead
    for each row execute function decision_written('id', 'plan_id first_day last_day digest actor os_user');
create trigger approved_ahead_ended after update of state on approved_ahead
    for each row when (new.state in ('rejected', 'withdrawn', 'undone'))
    execute function decision_written('approval_id code field', 'state ended_by run_id');
