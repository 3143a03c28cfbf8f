-- +goose Up
-- Pushes: what each sink is to show, what it took, and every attempt. The audit
-- is the intent: whoever changes a profile writes it in the same transaction. A
-- dispatcher reads it in commit order and notes here what is wanted.

create table route (
    sink      text collate "C" not null,
    route     text collate "C" not null,
    paused    text not null default '',
    paused_at timestamptz,
    probe_at  timestamptz,
    probes    integer not null default 0,
    constraint route_pkey primary key (sink, route),
    constraint route_sink_known check (sink in ('dos', 'website'))
);
comment on table route is 'The ways to the sinks, and whether pushing along them is paused';
comment on column route.sink is 'The downstream directory: dos or website';
comment on column route.route is 'change-event, fhir or profile';
comment on column route.paused is 'Why nothing is pushed (unauthorized, down); empty when it goes on';
comment on column route.paused_at is 'Since when';
comment on column route.probe_at is 'When one push is let through, to see whether the sink works again';
comment on column route.probes is 'How many of those failed in a row';

create table push (
    code              text collate "C" not null,
    sink              text collate "C" not null,
    route             text collate "C" not null default '',
    state             text not null default 'wanted',
    wanted_at         timestamptz not null default now(),
    due_at            timestamptz,
    not_before        timestamptz,
    job_id            bigint,
    forced            boolean not null default false,
    failures          integer not null default 0,
    repairs           integer not null default 0,
    reason            text not null default '',
    sequence          bigint not null default 0,
    sent              jsonb,
    sent_own          bytea,
    sent_at           timestamptz,
    unclear           boolean not null default false,
    accepted_own      bytea,
    accepted_sequence bigint not null default 0,
    accepted_at       timestamptz,
    seen_at           timestamptz,
    version           text not null default '',
    constraint push_pkey primary key (code, sink),
    constraint push_profile_fkey foreign key (code) references profile (code),
    constraint push_sink_known check (sink in ('dos', 'website')),
    constraint push_state_known check (state in ('wanted', 'accepted', 'refused', 'held', 'no-route'))
);
create index push_due on push (sink, route, due_at) where due_at is not null and job_id is null;
create index push_queued on push (sink, route) where job_id is not null;
create index push_open on push (sink, state, wanted_at) where state in ('wanted', 'refused', 'held');
comment on table push is 'Bringing one profile to one sink: how it stands';
comment on column push.code is 'The profile';
comment on column push.sink is 'The sink';
comment on column push.route is 'How profiles of its type reach the sink: change-event, fhir, profile; empty before the first look';
comment on column push.state is 'wanted (to be sent), accepted (the sink took it), refused (stopped, see reason), held (by a person) or no-route';
comment on column push.wanted_at is 'When a change of the profile was noted last, or the push was asked for';
comment on column push.due_at is 'When it is to be worked; null when nothing is to be done';
comment on column push.not_before is 'Until when the sink asked us to wait, or failed attempts make us; null when nothing does';
comment on column push.job_id is 'The queued job that works it; null when there is none';
comment on column push.forced is 'To be sent although nothing differs from what the sink took: a repair, or a person''s word';
comment on column push.failures is 'Attempts in a row that brought nothing';
comment on column push.repairs is 'Repairs of drift since the sink last showed what it was to show';
comment on column push.reason is 'Why it was refused or waits';
comment on column push.sequence is 'The sequence number sent last; 0 for none';
comment on column push.sent is 'The values sent last, by field';
comment on column push.sent_own is 'Hash of what that push said by itself';
comment on column push.sent_at is 'When it was sent';
comment on column push.unclear is 'Nobody knows whether the sink took what was sent last: it is read back before anything is sent again';
comment on column push.accepted_own is 'Hash of what the accepted push said by itself';
comment on column push.accepted_sequence is 'The sequence number the sink accepted last';
comment on column push.accepted_at is 'When it accepted it; accepted is not yet shown';
comment on column push.seen_at is 'When the sink was last seen to show what it is to show';
comment on column push.version is 'The entity tag the sink gave; empty where it gives none';

create table push_sequence (
    code text collate "C" not null,
    last bigint not null,
    constraint push_sequence_pkey primary key (code)
);
comment on table push_sequence is 'The last sequence number of each profile, shared by all sinks; it only grows';
comment on column push_sequence.code is 'The profile';
comment on column push_sequence.last is 'The number: milliseconds of the epoch, or one more than the last';

create table push_attempt (
    id       bigint generated always as identity,
    code     text collate "C" not null,
    sink     text collate "C" not null,
    sequence bigint not null,
    at       timestamptz not null default now(),
    took_ms  integer not null,
    answer   text not null,
    status   integer not null,
    reason   text not null,
    constraint push_attempt_pkey primary key (id)
);
create index push_attempt_by_profile on push_attempt (code, sink, id);
create index push_attempt_by_time on push_attempt (at);
comment on table push_attempt is 'The ledger of attempts: one row for every try to bring a profile to a sink';
comment on column push_attempt.id is 'Surrogate key';
comment on column push_attempt.code is 'The profile';
comment on column push_attempt.sink is 'The sink';
comment on column push_attempt.sequence is 'The sequence number it carried';
comment on column push_attempt.at is 'When its outcome was recorded';
comment on column push_attempt.took_ms is 'How long it took, in milliseconds';
comment on column push_attempt.answer is 'accepted, unchanged, seen (found on reading back), refused, unauthorized, conflict, later, unclear or down';
comment on column push_attempt.status is 'The HTTP status; 0 for no answer';
comment on column push_attempt.reason is 'What went wrong, in words; never a body';

create table dispatch (
    one     boolean not null default true,
    horizon xid8 not null,
    constraint dispatch_pkey primary key (one),
    constraint dispatch_is_one_row check (one)
);
comment on table dispatch is 'How far the dispatcher has read the audit';
comment on column dispatch.one is 'There is one row';
comment on column dispatch.horizon is 'Every transaction before this one was read whole';
insert into dispatch (horizon) values ('0');

create table dispatched_early (
    change_id bigint not null,
    xid       xid8 not null,
    constraint dispatched_early_pkey primary key (change_id)
);
comment on table dispatched_early is 'Changes read before the horizon reached them: a transaction that stays open holds nobody else up';
comment on column dispatched_early.change_id is 'The row of the audit';
comment on column dispatched_early.xid is 'The transaction that wrote it';

create table drift_check (
    id         bigint generated always as identity,
    sink       text collate "C" not null,
    actor      text not null,
    started_at timestamptz not null default now(),
    ended_at   timestamptz,
    state      text not null default 'running',
    whole      boolean not null,
    checked    integer not null default 0,
    missing    integer not null default 0,
    drifted    integer not null default 0,
    repaired   integer not null default 0,
    reason     text not null default '',
    constraint drift_check_pkey primary key (id),
    constraint drift_check_sink_known check (sink in ('dos', 'website')),
    constraint drift_check_state_known check (state in ('running', 'done', 'alarm', 'failed'))
);
create index drift_check_newest on drift_check (sink, id) where whole;
comment on table drift_check is 'Looks at what a sink shows';
comment on column drift_check.id is 'Surrogate key';
comment on column drift_check.sink is 'The sink';
comment on column drift_check.actor is 'Who asked for it';
comment on column drift_check.started_at is 'When it began';
comment on column drift_check.ended_at is 'When it ended';
comment on column drift_check.state is 'running, done, alarm (too much differs: nothing was repaired) or failed';
comment on column drift_check.whole is 'It looked at every profile';
comment on column drift_check.checked is 'How many profiles it looked at';
comment on column drift_check.missing is 'How many the sink does not show';
comment on column drift_check.drifted is 'How many it shows otherwise';
comment on column drift_check.repaired is 'How many pushes it asked for';
comment on column drift_check.reason is 'Why it alarmed or failed';

create table drift (
    check_id bigint not null,
    code     text collate "C" not null,
    field    text collate "C" not null,
    want     text not null,
    shown    text not null,
    given_up boolean not null,
    constraint drift_pkey primary key (check_id, code, field),
    constraint drift_check_fkey foreign key (check_id) references drift_check (id) on delete cascade
);
comment on table drift is 'What a check found, a row a field';
comment on column drift.check_id is 'The check';
comment on column drift.code is 'The profile';
comment on column drift.field is 'The field; missing for a profile that is not shown at all';
comment on column drift.want is 'What the sink is to show';
comment on column drift.shown is 'What it shows';
comment on column drift.given_up is 'It was repaired three times in vain: left to people';

alter table hold add column removed_at timestamptz, add column removed_by text, add column followed boolean not null default false,
    add constraint hold_removed_by_somebody check ((removed_at is null) = (removed_by is null)),
    add constraint hold_sink_known check (sink in ('dos', 'website'));
comment on column hold.removed_at is 'When a person ended it before its time';
comment on column hold.removed_by is 'Who did';
comment on column hold.followed is 'It has ended, and a push of what it held was asked for';
create index hold_of_field on hold (code) where field is not null and not followed;

alter table service add column nhs_code text not null default '',
    add constraint service_nhs_code_form check (nhs_code ~ '^([A-Z]{3}[0-9]{4})?$');
comment on column service.nhs_code is 'The NHS service code (SRV0560, ...); empty for a service without one';
comment on column opening_period.opens is 'Local opening time, Europe/London; a pharmacy is open only while pharmaceutical services are provided';

-- +goose StatementBegin
create function announce() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$ begin
    perform pg_notify('profilesync_change', '');
    return null;
end $$;
-- +goose StatementEnd
comment on function announce is 'Wakes the dispatcher when the transaction commits';
create trigger change_announced after insert on change for each statement execute function announce();
create trigger hold_announced after insert or update or delete on hold for each statement execute function announce();
