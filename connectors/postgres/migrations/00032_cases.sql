-- +goose Up
-- Cases: what waits for a person, each from when it opens until it is gone, with who was told.

create table cases (
    id         bigint generated always as identity,
    kind       text collate "C" not null,
    subject    text collate "C" not null,
    about      text collate "C" not null,
    code       text collate "C" not null,
    board      text collate "C" not null,
    facts      jsonb not null,
    since      timestamptz,
    openings   integer not null default 1,
    opened_at  timestamptz not null default clock(),
    deadline   date not null,
    state      text not null default 'open',
    waits_for  text not null default '',
    reason     text not null default '',
    until      date,
    decided_by text not null default '',
    gone_at    timestamptz,
    constraint cases_pkey primary key (id),
    constraint cases_once unique (kind, subject, about),
    constraint cases_state_known check (state in ('open', 'waiting', 'set-aside', 'gone')),
    constraint cases_gone_with_state check ((gone_at is not null) = (state = 'gone')),
    constraint cases_until_a_day check ((until is not null) = (state in ('waiting', 'set-aside'))),
    constraint cases_waits_for_somebody check ((waits_for <> '') = (state = 'waiting')),
    constraint cases_set_aside_with_reason check (state <> 'set-aside' or reason <> '')
);
create index cases_standing on cases (kind, subject, about) where state <> 'gone';
comment on table cases is 'What waits for a person: derived from the other tables at every look, so nobody closes one by saying so';
comment on column cases.id is 'The number of the case, as people type it';
comment on column cases.kind is 'What is wrong: mass-change-withheld, sink-paused, ...';
comment on column cases.subject is 'What it is about: an ODS code, a source and report, a sink and route, an account or a day';
comment on column cases.about is 'Tells several of one kind and subject apart; empty where there can be one';
comment on column cases.code is 'The organisation; empty if it is about none';
comment on column cases.board is 'The board that oversees it; empty for none';
comment on column cases.facts is 'What its texts name; nothing about people';
comment on column cases.since is 'Since when the tables show it; null where they do not say';
comment on column cases.openings is 'How often it opened';
comment on column cases.opened_at is 'When it opened last';
comment on column cases.deadline is 'By when its owner has to act';
comment on column cases.state is 'open, waiting (for somebody, until a day), set-aside (by a person, until a day) or gone';
comment on column cases.waits_for is 'Whom it waits for; empty if it does not';
comment on column cases.reason is 'Why it was set aside, or waits';
comment on column cases.until is 'The last day of waiting or being set aside';
comment on column cases.decided_by is 'Who made it wait, or set it aside';
comment on column cases.gone_at is 'When it was found gone; null while it stands';

create table case_step (
    id            bigint generated always as identity,
    case_id       bigint not null,
    step          text not null,
    facts         jsonb not null,
    waits_for     text not null,
    until         date,
    reason        text not null,
    actor         text not null,
    database_role text not null,
    at            timestamptz not null,
    constraint case_step_pkey primary key (id),
    constraint case_step_case_fkey foreign key (case_id) references cases (id)
);
create index case_step_of_case on case_step (case_id, id);
comment on table case_step is 'The audit of cases: append-only, written by a trigger';
comment on column case_step.id is 'In the order of writing';
comment on column case_step.case_id is 'The case';
comment on column case_step.step is 'opened, changed, waiting, set-aside, resumed or gone';
comment on column case_step.facts is 'The facts after it';
comment on column case_step.waits_for is 'See cases';
comment on column case_step.until is 'See cases';
comment on column case_step.reason is 'See cases';
comment on column case_step.actor is 'See change.actor';
comment on column case_step.database_role is 'See change.database_role';
comment on column case_step.at is 'When';

-- +goose StatementBegin
create function case_opened() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    insert into case_step (case_id, step, facts, waits_for, until, reason, actor, database_role, at)
    select n.id, 'opened', n.facts, n.waits_for, n.until, n.reason, audit_actor(), session_user, clock() from new_rows n;
    return null;
end $$;
-- +goose StatementEnd
comment on function case_opened is 'Audits cases that open';
create trigger case_opened after insert on cases
    referencing new table as new_rows for each statement execute function case_opened();

-- +goose StatementBegin
-- A session keeps the plan that it made for its first statement, which may have had no rows: it must be good for many.
create function case_changed() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp set enable_nestloop = off set enable_hashjoin = on
as $$ begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    insert into case_step (case_id, step, facts, waits_for, until, reason, actor, database_role, at)
    select n.id,
        case
            when n.state = o.state and n.state = 'open' then 'changed'
            when n.state = 'open' and o.state = 'gone' then 'opened'
            when n.state = 'open' then 'resumed'
            when n.state = o.state and n.until is not distinct from o.until and n.waits_for = o.waits_for and n.reason = o.reason then 'changed'
            else n.state
        end,
        n.facts, n.waits_for, n.until, n.reason, audit_actor(), session_user, clock()
    from new_rows n join old_rows o using (id)
    where n is distinct from o;
    return null;
end $$;
-- +goose StatementEnd
comment on function case_changed is 'Audits what becomes of cases';
create trigger case_changed after update on cases
    referencing old table as old_rows new table as new_rows for each statement execute function case_changed();
create trigger cases_are_never_deleted before delete or truncate on cases
    for each statement execute function refuse('a case that is gone stays, with its history');
create trigger case_step_is_append_only before update or delete or truncate on case_step
    for each statement execute function refuse('it is the audit of cases');

create table case_told (
    case_id   bigint not null,
    opening   integer not null,
    recipient text collate "C" not null,
    news      text not null,
    day       date not null,
    reference text collate "C" not null,
    left_out  boolean not null default false,
    constraint case_told_pkey primary key (reference, case_id),
    constraint case_told_case_fkey foreign key (case_id) references cases (id),
    constraint case_told_letter_fkey foreign key (reference) references letter (reference),
    constraint case_told_news_known check (news in ('new', 'overdue', 'ended'))
);
create index case_told_of_case on case_told (case_id, opening);
create unique index case_told_once on case_told (case_id, opening, recipient, news) where news <> 'overdue' and not left_out;
comment on table case_told is 'Who was told what of which case, in which letter';
comment on column case_told.case_id is 'The case';
comment on column case_told.opening is 'Which opening of the case: see cases.openings';
comment on column case_told.recipient is 'An account as u-4711, or a mailing list as list-QOX';
comment on column case_told.news is 'new, overdue or ended';
comment on column case_told.day is 'The day of the letter';
comment on column case_told.reference is 'The letter';
comment on column case_told.left_out is 'The letter did not tell it: when it was sent the case was gone, waited, was set aside, or was back; or it never arrived';

-- What the signals of cases look for, so that profiles with nothing wrong cost a look nothing.
create index profile_closed on profile (code) where status = 'closed';
create index profile_place on profile (type, postcode, code) where status <> 'closed' and postcode <> '' and not hidden;
create index change_by_run on change (run_id, field, code, id, at) where run_id is not null and field in ('profile', 'name');
create index upstream_record_shown on upstream_record (code) where flag <> '' or contradiction or pending_since is not null;
create index run_by_report on run (source, report, id) where codes = '{}' and kind in ('listing', 'delta');
create index run_by_parent on run (parent_id) where parent_id is not null;
create index account_unreached on account (id) where state <> 'active' or dead_at is not null;
create index letter_bounced on letter (account_id, accepted_at) where state = 'bounced';
create index letter_overdue on letter (quarter) where stage = 'overdue';
create index drift_given_up on drift (check_id) where given_up;

comment on column forward_progress.activity is 'dispatch: a round of the dispatcher; tick: a walk through the schedules; cases: a look at the cases';
