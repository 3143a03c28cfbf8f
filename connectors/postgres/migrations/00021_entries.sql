-- +goose Up
-- A sink may show several entries for a profile, each with values of its own: drift names the entry, and a push that would
-- overwrite what nobody stated waits for a person, or says what it overwrote.

alter table push
    add column overwrite boolean not null default false,
    drop constraint push_state_known,
    add constraint push_state_known check (state in ('wanted', 'accepted', 'refused', 'waits', 'held', 'no-route'));
comment on column push.state is 'wanted (to be sent), accepted (the sink took it), refused (stopped, see reason), waits (for a person: it would overwrite what nobody stated), held (by a person) or no-route';
comment on column push.overwrite is 'A person said that it may overwrite what nobody stated';
comment on column push.answered is 'How many of those were in what the sink took or refused last, or in what waits for a person';
drop index push_open;
create index push_open on push (sink, state, wanted_at) where state in ('wanted', 'refused', 'waits', 'held');

create table push_overwrite (
    code     text collate "C" not null,
    sink     text collate "C" not null,
    sequence bigint not null,
    entry    text not null,
    field    text collate "C" not null,
    before   text not null,
    after    text not null,
    at       timestamptz not null default clock(),
    constraint push_overwrite_pkey primary key (code, sink, sequence, entry, field)
);
create index push_overwrite_by_time on push_overwrite (at);
comment on table push_overwrite is 'What pushes overwrote although nobody stated it, stored with the number before it is sent; a row an entry and field';
comment on column push_overwrite.code is 'The profile';
comment on column push_overwrite.sink is 'The sink';
comment on column push_overwrite.sequence is 'The number of the push';
comment on column push_overwrite.entry is 'The record of the sink, such as "service 123 (type 148)"; empty where a sink has one, or shows none';
comment on column push_overwrite.field is 'The field';
comment on column push_overwrite.before is 'What it showed; "not visible" where it cannot be read';
comment on column push_overwrite.after is 'What was sent instead';
comment on column push_overwrite.at is 'When the number was given';

alter table drift
    add column entry text not null default '',
    drop constraint drift_pkey,
    add constraint drift_pkey primary key (check_id, code, entry, field);
comment on column drift.entry is 'See push_overwrite.entry; empty for a profile that is not shown at all';
comment on table drift is 'What a check found, a row an entry and field';

alter table drift_check
    add column waiting integer not null default 0,
    add column not_visible jsonb not null default '{}';
comment on column drift_check.waiting is 'How many pushes that waited for a person it had tried again';
comment on column drift_check.not_visible is 'How many profiles state a field that the sink does not show, by field';
