-- +goose Up
-- People: accounts, memberships, sign-ins and checks are a published interface of
-- the editing application, which writes these tables directly. Then the letters
-- to people, the calendar, and runs of inactivity. Ids alone name people outside
-- of account.

create table account (
    id             bigint generated always as identity,
    email          text not null,
    name           text not null,
    kind           text not null default 'member',
    region         text collate "C" not null default '',
    state          text not null default 'invited',
    created_at     timestamptz not null default clock(),
    last_active_at timestamptz not null default clock(),
    leave_from     date,
    leave_until    date,
    dead_at        timestamptz,
    ended_at       timestamptz,
    constraint account_pkey primary key (id),
    constraint account_email_form check (email ~ '^[^[:space:]@]+@[^[:space:]@]+[.][^[:space:]@]+$' and length(email) <= 254),
    constraint account_name_stated check (btrim(name) <> ''),
    constraint account_kind_known check (kind in ('member', 'lead', 'administrator')),
    constraint account_state_known check (state in ('invited', 'active', 'deactivated', 'expired')),
    constraint account_ended_with_state check ((ended_at is not null) = (state in ('deactivated', 'expired'))),
    constraint account_leave_at_most_18_months check ((leave_from is null) = (leave_until is null)
        and leave_until between leave_from and leave_from + interval '18 months')
);
create unique index account_email_once on account (lower(email));
create index account_idle on account (last_active_at) where state in ('invited', 'active');
comment on table account is 'A person who signs in; never deleted';
comment on column account.id is 'Names the person in the audit, letters and logs, as u-4711';
comment on column account.email is 'Personal: the address of the person; in no other table';
comment on column account.name is 'Personal: the name of the person; in no other table';
comment on column account.kind is 'member (of organisations), lead (DoS lead of a region) or administrator';
comment on column account.region is 'Of a lead: the ODS code of the ICB';
comment on column account.state is 'invited, active, deactivated (by inactivity or a person; set it active again to reactivate) or expired (an invitation)';
comment on column account.created_at is 'When the person was invited';
comment on column account.last_active_at is 'The newest of sign-in, check, edit, reactivation and creation; kept by triggers';
comment on column account.leave_from is 'First day of a leave, during which no inactivity counts; null for none';
comment on column account.leave_until is 'Its last day, at most 18 months later';
comment on column account.dead_at is 'When the mail service said that the address does not exist; set to null when the address changes';
comment on column account.ended_at is 'When it was deactivated or expired';

create table account_change (
    id         bigint generated always as identity,
    account_id bigint not null,
    what       text not null,
    old        text not null,
    new        text not null,
    actor      text not null,
    reason     text not null,
    at         timestamptz not null,
    xid        xid8 not null,
    constraint account_change_pkey primary key (id)
);
create index account_change_by_account on account_change (account_id, id);
create index account_change_by_transaction on account_change (xid);
comment on table account_change is 'The audit of accounts and memberships: append-only; says that an address or a name changed, never to what';
comment on column account_change.id is 'Identity; not in commit order';
comment on column account_change.account_id is 'The account';
comment on column account_change.what is 'account, state, kind, region, leave, email, name, address (dead or alive), membership';
comment on column account_change.old is 'Before; empty for none, and for what is personal';
comment on column account_change.new is 'After; empty for none, and for what is personal';
comment on column account_change.actor is 'Who: the session setting profilesync.actor, else the database user';
comment on column account_change.reason is 'Why (session setting profilesync.reason)';
comment on column account_change.at is 'When';
comment on column account_change.xid is 'The transaction that wrote it';
create trigger account_change_is_append_only before update or delete or truncate on account_change
    for each statement execute function refuse('the audit is append-only');
create trigger account_is_never_deleted before delete or truncate on account
    for each statement execute function refuse('deactivate the account instead');

-- +goose StatementBegin
create function account_writes() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$ begin
    if tg_op = 'UPDATE' then
        if lower(new.email) <> lower(old.email) then
            new.dead_at := null;
        end if;
        if new.state = 'active' and old.state <> 'active' then
            new.ended_at := null;
            new.last_active_at := greatest(new.last_active_at, clock());
        end if;
    end if;
    if new.state in ('deactivated', 'expired') and new.ended_at is null then
        new.ended_at := clock();
    end if;
    return new;
end $$;
-- +goose StatementEnd
comment on function account_writes is 'Reactivation counts as activity; a new address is alive';
create trigger account_writes before insert or update on account for each row execute function account_writes();

-- +goose StatementBegin
create function account_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    insert into account_change (account_id, what, old, new, actor, reason, at, xid)
    select new.id, x.what, x.old, x.new, audit_actor(), coalesce(current_setting('profilesync.reason', true), ''), clock(), pg_current_xact_id()
    from (values
        ('account', '', case when tg_op = 'INSERT' then new.kind || ', ' || new.state else '' end),
        ('state', case when tg_op = 'UPDATE' then old.state else new.state end, new.state),
        ('kind', case when tg_op = 'UPDATE' then old.kind else new.kind end, new.kind),
        ('region', case when tg_op = 'UPDATE' then old.region else new.region end, new.region),
        ('leave', case when tg_op = 'UPDATE' then coalesce(old.leave_from || ' to ' || old.leave_until, '') else '' end,
            coalesce(new.leave_from || ' to ' || new.leave_until, '')),
        ('address', case when tg_op = 'UPDATE' and old.dead_at is not null then 'dead' else '' end,
            case when new.dead_at is not null then 'dead' else '' end)
    ) as x (what, old, new)
    where x.old <> x.new;
    if tg_op = 'UPDATE' and (old.email <> new.email or old.name <> new.name) then
        insert into account_change (account_id, what, old, new, actor, reason, at, xid)
        select new.id, x.what, '', '', audit_actor(), coalesce(current_setting('profilesync.reason', true), ''), clock(), pg_current_xact_id()
        from (values ('email', old.email <> new.email), ('name', old.name <> new.name)) as x (what, changed)
        where x.changed;
    end if;
    return null;
end $$;
-- +goose StatementEnd
comment on function account_written is 'Audits accounts, without what is personal';
create trigger account_written after insert or update on account for each row execute function account_written();

create table membership (
    id           bigint generated always as identity,
    account_id   bigint not null,
    code         text collate "C" not null,
    role         text not null,
    started_at   timestamptz not null default clock(),
    closed_since date,
    ended_at     timestamptz,
    constraint membership_pkey primary key (id),
    constraint membership_account_fkey foreign key (account_id) references account (id),
    constraint membership_profile_fkey foreign key (code) references profile (code),
    constraint membership_role_known check (role in ('account-manager', 'editor'))
);
create unique index membership_once on membership (account_id, code) where ended_at is null;
create unique index membership_one_manager on membership (code) where role = 'account-manager' and ended_at is null;
create index membership_by_profile on membership (code) where ended_at is null;
comment on table membership is 'A person of an organisation: one account manager, any number of editors; ended, never deleted';
comment on column membership.id is 'Surrogate key';
comment on column membership.account_id is 'The person';
comment on column membership.code is 'The organisation''s profile';
comment on column membership.role is 'account-manager or editor';
comment on column membership.started_at is 'Since when';
comment on column membership.closed_since is 'The first daily look that found the organisation closed; the second one ends the membership';
comment on column membership.ended_at is 'Until when; null while it stands';
create trigger membership_is_never_deleted before delete or truncate on membership
    for each statement execute function refuse('set ended_at instead');

-- +goose StatementBegin
create function membership_writes() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    standing text;
begin
    select state into standing from account where id = new.account_id for update;
    if standing not in ('invited', 'active') then
        raise exception 'membership of u-% at %: the account is %; reactivate it first', new.account_id, new.code, standing;
    end if;
    return new;
end $$;
-- +goose StatementEnd
comment on function membership_writes is 'Members have an account that stands; a deactivation under way waits, and sees the membership';
create trigger membership_writes before insert on membership for each row execute function membership_writes();

-- +goose StatementBegin
create function membership_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    was text := '';
    is_ text := case when new.ended_at is null then new.role || ' of ' || new.code else '' end;
begin
    if tg_op = 'UPDATE' and old.ended_at is null then
        was := old.role || ' of ' || old.code;
    end if;
    insert into account_change (account_id, what, old, new, actor, reason, at, xid)
    select new.account_id, 'membership', was, is_, audit_actor(), coalesce(current_setting('profilesync.reason', true), ''), clock(),
        pg_current_xact_id()
    where was <> is_;
    return null;
end $$;
-- +goose StatementEnd
comment on function membership_written is 'Audits memberships';
create trigger membership_written after insert or update on membership for each row execute function membership_written();

create table sign_in (
    id         bigint generated always as identity,
    account_id bigint not null,
    at         timestamptz not null default clock(),
    constraint sign_in_pkey primary key (id),
    constraint sign_in_account_fkey foreign key (account_id) references account (id)
);
create index sign_in_by_account on sign_in (account_id, at);
comment on table sign_in is 'Every time a person signed in';
comment on column sign_in.id is 'Surrogate key';
comment on column sign_in.account_id is 'The person';
comment on column sign_in.at is 'When';

create table section_check (
    id         bigint generated always as identity,
    code       text collate "C" not null,
    section    text not null,
    account_id bigint not null,
    edited     boolean not null default false,
    at         timestamptz not null default clock(),
    constraint section_check_pkey primary key (id),
    constraint section_check_profile_fkey foreign key (code) references profile (code),
    constraint section_check_account_fkey foreign key (account_id) references account (id),
    constraint section_check_section_known check (section in ('contact', 'opening-times', 'services', 'facilities',
        'accepting-patients', 'bank-holiday-times'))
);
create index section_check_by_time on section_check (at);
comment on table section_check is 'A person said that a section of a profile is right, or made it so; nothing we write ourselves gets here';
comment on column section_check.id is 'Surrogate key';
comment on column section_check.code is 'The profile';
comment on column section_check.section is 'contact, opening-times, services, facilities, accepting-patients or bank-holiday-times';
comment on column section_check.account_id is 'Who';
comment on column section_check.edited is 'By an edit, which a trigger notes; false where nothing changed';
comment on column section_check.at is 'When';

create table section_checked (
    code    text collate "C" not null,
    section text not null,
    at      timestamptz not null,
    constraint section_checked_pkey primary key (code, section)
);
comment on table section_checked is 'The newest check of each section; kept by a trigger';
comment on column section_checked.code is 'The profile';
comment on column section_checked.section is 'See section_check';
comment on column section_checked.at is 'When it was checked last';

-- +goose StatementBegin
create function was_active() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    update account a set last_active_at = n.at
    from (select account_id, max(at) as at from new_rows group by account_id) n
    where a.id = n.account_id and a.last_active_at < n.at;
    return null;
end $$;
-- +goose StatementEnd
comment on function was_active is 'Notes the activity of people';
create trigger signed_in after insert on sign_in
    referencing new table as new_rows for each statement execute function was_active();
create trigger checked_is_activity after insert on section_check
    referencing new table as new_rows for each statement execute function was_active();

-- +goose StatementBegin
create function section_was_checked() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    insert into section_checked as s (code, section, at)
    select code, section, max(at) from new_rows group by code, section order by code, section
    on conflict on constraint section_checked_pkey do update set at = excluded.at where s.at < excluded.at;
    return null;
end $$;
-- +goose StatementEnd
comment on function section_was_checked is 'Keeps the newest check of each section';
create trigger section_was_checked after insert on section_check
    referencing new table as new_rows for each statement execute function section_was_checked();

-- The actor is one for a whole statement: what no person wrote costs nothing.
-- +goose StatementBegin
create function edited_by_person() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    person bigint := substring(audit_actor() from '^u-([0-9]{1,18})$')::bigint;
begin
    if person is null or not exists (select from account where id = person) then
        return null;
    end if;
    update account a set last_active_at = clock() where a.id = person and a.last_active_at < clock();
    insert into section_check (code, section, account_id, edited, at)
    select distinct n.code, s.section, person, true, clock()
    from new_rows n
    join (values ('phone', 'contact'), ('email', 'contact'), ('website', 'contact'), ('opening-times', 'opening-times'),
        ('dated-opening-times', 'bank-holiday-times'), ('services', 'services'), ('facilities', 'facilities')) as s (field, section)
        using (field);
    return null;
end $$;
-- +goose StatementEnd
comment on function edited_by_person is 'What a person (actor u-4711) edits is activity, and checks the section';
create trigger edited_by_person after insert on change
    referencing new table as new_rows for each statement execute function edited_by_person();

create table holiday (
    date        date not null,
    title       text not null,
    first_seen  timestamptz not null default clock(),
    last_seen   timestamptz not null default clock(),
    vanished_at timestamptz,
    constraint holiday_pkey primary key (date)
);
comment on table holiday is 'Bank holidays of England and Wales as the official list named them; past years are kept';
comment on column holiday.date is 'The day that is off';
comment on column holiday.title is 'Its name';
comment on column holiday.first_seen is 'When the list first named it';
comment on column holiday.last_seen is 'When the list was last read that named it';
comment on column holiday.vanished_at is 'When the list stopped to name a day to come: it still counts, and somebody should look';

create table letter (
    id               bigint generated always as identity,
    reference        text collate "C" not null,
    kind             text not null,
    account_id       bigint,
    list             text collate "C" not null default '',
    stage            text not null default '',
    quarter          date,
    about            bigint,
    since            date,
    ends             date,
    codes            text[] collate "C" not null default '{}',
    state            text not null default 'due',
    reason           text not null default '',
    made_at          timestamptz not null default clock(),
    not_before       timestamptz,
    claimed_at       timestamptz,
    tries            integer not null default 0,
    accepted_at      timestamptz,
    provider_id      text not null default '',
    template_version integer not null default 0,
    looked_at        timestamptz,
    constraint letter_pkey primary key (id),
    constraint letter_once unique (reference),
    constraint letter_account_fkey foreign key (account_id) references account (id),
    constraint letter_about_fkey foreign key (about) references account (id),
    constraint letter_to_somebody check ((account_id is null) = (list <> '')),
    constraint letter_state_known check (state in ('due', 'claimed', 'accepted', 'delivered', 'bounced', 'dead', 'failed', 'refused',
        'cancelled', 'unclear'))
);
create index letter_due on letter (id) where state = 'due';
create index letter_claimed on letter (id) where state = 'claimed';
create index letter_accepted on letter (looked_at) where state = 'accepted';
create index letter_by_account on letter (account_id, id);
create index letter_by_provider on letter (provider_id) where provider_id <> '';
comment on table letter is 'Messages to people, a row each; claimed before it is sent. Ids only: what a letter says is put together when it is sent';
comment on column letter.id is 'Surrogate key';
comment on column letter.reference is 'Its own name, and what the mail service knows it by; once and for all';
comment on column letter.kind is 'Which text';
comment on column letter.account_id is 'To whom; null for a list';
comment on column letter.list is 'The ICB (or national) to whose list it goes; empty for a person';
comment on column letter.stage is 'Of a reminder: opening, 28-days, 14-days, 3-days, overdue or asked';
comment on column letter.quarter is 'Of a reminder: the first day of its quarter';
comment on column letter.about is 'The account that it speaks of, where that is somebody else''s';
comment on column letter.since is 'Of inactivity: the last activity it speaks of';
comment on column letter.ends is 'Of inactivity: when the account ends, as it says';
comment on column letter.codes is 'The organisations it speaks of, where those are not looked up when it is sent';
comment on column letter.state is 'due, claimed (being sent), accepted (by the mail service), delivered, bounced, dead (no such address), failed, refused, cancelled (no longer true) or unclear (perhaps sent; never sent again by itself)';
comment on column letter.reason is 'Why it was cancelled or refused, or is waiting';
comment on column letter.made_at is 'When it became due';
comment on column letter.not_before is 'When it may be tried again; null for at once';
comment on column letter.claimed_at is 'When it was claimed last';
comment on column letter.tries is 'How often it was claimed';
comment on column letter.accepted_at is 'When the mail service accepted it';
comment on column letter.provider_id is 'The mail service''s own id';
comment on column letter.template_version is 'The version of the text that was sent';
comment on column letter.looked_at is 'When the mail service was asked about it last';

create table mail_gate (
    one          boolean not null default true,
    stopped_at   timestamptz,
    stopped_by   text not null default '',
    paused_until timestamptz,
    reason       text not null default '',
    constraint mail_gate_pkey primary key (one),
    constraint mail_gate_is_one_row check (one)
);
comment on table mail_gate is 'Whether letters go out at all; read before each of them';
comment on column mail_gate.one is 'There is one row';
comment on column mail_gate.stopped_at is 'When a person stopped all mail; null while it goes out';
comment on column mail_gate.stopped_by is 'Who';
comment on column mail_gate.paused_until is 'Until when the mail service takes nothing';
comment on column mail_gate.reason is 'Why';
insert into mail_gate default values;

create table mail_canary (
    kind     text not null,
    version  integer not null,
    sent     integer not null,
    first_at timestamptz not null default now(),
    constraint mail_canary_pkey primary key (kind, version)
);
comment on table mail_canary is 'How many letters of each version of a text went out: a few, then a pause, then the others';
comment on column mail_canary.kind is 'The text';
comment on column mail_canary.version is 'Its version, by the mail service';
comment on column mail_canary.sent is 'How many were accepted';
comment on column mail_canary.first_at is 'When the first was';

create table idle_run (
    id         bigint generated always as identity,
    state      text not null,
    actor      text not null,
    at         timestamptz not null default clock(),
    ending     integer not null,
    accounts   integer not null,
    decided_by text not null default '',
    decided_at timestamptz,
    constraint idle_run_pkey primary key (id),
    constraint idle_run_state_known check (state in ('done', 'withheld', 'approved'))
);
comment on table idle_run is 'Daily looks at inactive accounts that ended some, or would have';
comment on column idle_run.id is 'Surrogate key';
comment on column idle_run.state is 'done, withheld (too many at once: nobody was deactivated) or approved';
comment on column idle_run.actor is 'Who asked for it';
comment on column idle_run.at is 'When';
comment on column idle_run.ending is 'How many accounts were to end';
comment on column idle_run.accounts is 'Of how many';
comment on column idle_run.decided_by is 'Who approved it';
comment on column idle_run.decided_at is 'When';

create table idle_ending (
    run_id     bigint not null,
    account_id bigint not null,
    step       text not null,
    since      date not null,
    done       boolean not null default false,
    constraint idle_ending_pkey primary key (run_id, account_id),
    constraint idle_ending_run_fkey foreign key (run_id) references idle_run (id),
    constraint idle_ending_account_fkey foreign key (account_id) references account (id)
);
comment on table idle_ending is 'The accounts of such a run';
comment on column idle_ending.run_id is 'The run';
comment on column idle_ending.account_id is 'The account';
comment on column idle_ending.step is 'deactivate or expire';
comment on column idle_ending.since is 'The last activity that it was judged by';
comment on column idle_ending.done is 'It ended; false where it waits, or somebody signed in in between';

create table idle_kept (
    account_id bigint not null,
    since      date not null,
    step       text not null,
    codes      text[] collate "C" not null,
    at         timestamptz not null default clock(),
    constraint idle_kept_pkey primary key (account_id, since, step),
    constraint idle_kept_account_fkey foreign key (account_id) references account (id)
);
comment on table idle_kept is 'Idle accounts that were not ended, for people to look at';
comment on column idle_kept.account_id is 'The account';
comment on column idle_kept.since is 'Its last activity';
comment on column idle_kept.step is 'keep (the only account manager of an open organisation) or hold (no warning could be delivered)';
comment on column idle_kept.codes is 'The organisations';
comment on column idle_kept.at is 'When it was found first';
