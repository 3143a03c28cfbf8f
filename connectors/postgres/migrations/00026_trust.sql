-- +goose Up
-- What a session says of itself counts only from the daemon, as Postgres knows it: who may write plans. Functions whose body
-- is an expression were bound to their names when they were created: no search path of a session leads them elsewhere.

create function is_daemon() returns boolean
    language sql stable
    return exists (
        select from pg_class c cross join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
        where c.oid = 'profilesync.plan_row'::regclass and a.privilege_type = 'INSERT' and a.grantee <> 0
            and pg_has_role(session_user, a.grantee, 'member'));
comment on function is_daemon is 'Whether the session logged in as the daemon or the owner, whatever it says or became since: as a member, inheriting or not, of a role that was granted to write plans';

create function plays_now() returns boolean
    language sql immutable
    return false;
comment on function plays_now is 'The mark of a demo''s or a test''s database, which may play another present: whoever creates one replaces it';

-- +goose StatementBegin
create function refuse_setting(setting text, wanted text) returns text
    language plpgsql stable
as $$ begin
    raise invalid_parameter_value using message = format('session setting %s: %s', setting, wanted);
end $$;
-- +goose StatementEnd
comment on function refuse_setting is 'Refuses a session setting that cannot be read';

-- +goose StatementBegin
create function played_now() returns timestamptz
    language plpgsql stable
as $$ begin
    if not profilesync.plays_now() or not profilesync.is_daemon() then
        return pg_catalog.now();
    end if;
    return pg_catalog.current_setting('profilesync.now')::timestamptz;
exception when data_exception then
    perform profilesync.refuse_setting('profilesync.now', 'it is no instant, such as 2026-11-19T09:00:00Z');
end $$;
-- +goose StatementEnd
comment on function played_now is 'The instant that the daemon of a demo or a test plays; the present in every other database and session';

create or replace function clock() returns timestamptz
    language sql stable
    return case when coalesce(current_setting('profilesync.now', true), '') = '' then now() else played_now() end;
comment on function clock is 'The present, or the instant that a demo or a test plays (session setting profilesync.now of the daemon)';

create function has_control(value text) returns boolean
    language sql immutable
    return value ~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]';
comment on function has_control is 'Whether a text has control characters, line breaks and marks that turn its direction included';

create function has_invisible(value text) returns boolean
    language sql immutable
    return value ~ '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]';
comment on function has_invisible is 'Whether a text has characters that nobody sees; joiners and variants of signs, which scripts need, are none of them';

create function is_blank(value text) returns boolean
    language sql immutable
    return value ~ '^[[:space:]\u0085\u00a0\u1680\u2000-\u200a\u200c\u200d\u2028\u2029\u202f\u205f\u3000\ufe00-\ufe0f]*$';
comment on function is_blank is 'Whether a text has nothing but spaces of any width, and joiners';

create function plain_setting(setting text, most integer) returns text
    language sql stable
    return case
        when length(coalesce(current_setting(setting, true), '')) > most then refuse_setting(setting, format('it has more than %s characters', most))
        when has_control(coalesce(current_setting(setting, true), '')) then refuse_setting(setting, 'it has control characters')
        when has_invisible(coalesce(current_setting(setting, true), '')) then refuse_setting(setting, 'it has characters that nobody sees')
        else coalesce(current_setting(setting, true), '')
    end;
comment on function plain_setting is 'A session setting that the audit shows; empty for none';

create or replace function audit_actor() returns text
    language sql stable
    return coalesce(case when not is_blank(plain_setting('profilesync.actor', 200)) then plain_setting('profilesync.actor', 200) end, session_user);
comment on function audit_actor is 'Who is writing, as the session says (setting profilesync.actor), else its database role';

create function audit_reason() returns text
    language sql stable
    return plain_setting('profilesync.reason', 2000);
comment on function audit_reason is 'Why, as the session says (setting profilesync.reason)';

create function by_a_run() returns boolean
    language sql stable
    return coalesce(current_setting('profilesync.run', true), '') <> '' and is_daemon();
comment on function by_a_run is 'Whether a run is writing, and so a register is speaking';

create or replace function audit_run() returns bigint
    language sql stable
    return case
        when not by_a_run() then null
        when current_setting('profilesync.run') !~ '^[0-9]{1,18}$' then refuse_setting('profilesync.run', 'it is not the number of a run')
        else current_setting('profilesync.run')
    end::bigint;
comment on function audit_run is 'The run that is writing, if one is (session setting profilesync.run of the daemon)';

create function audit_report() returns text
    language sql stable
    return case when is_daemon() then current_setting('profilesync.report', true) end;
comment on function audit_report is 'The report whose run is writing, if one is (session setting profilesync.report of the daemon)';

-- +goose StatementBegin
create function refuse_elsewhere() returns void
    language plpgsql
as $$ begin
    raise insufficient_privilege using message = 'triggers with these functions are for the tables of profilesync alone';
end $$;
-- +goose StatementEnd
comment on function refuse_elsewhere is 'Refuses what a trigger on a table of somebody else would write with our rights';

alter table change add column database_role text not null default '';
alter table account_change add column database_role text not null default '';
comment on column change.actor is 'Who: the person that the editing application names in the session setting profilesync.actor, else the database role';
comment on column change.run_id is 'The run that wrote it (session setting profilesync.run of the daemon); null for everybody else';
comment on column change.database_role is 'The role that the session logged in as; empty for rows from before it was kept';
comment on column account_change.actor is 'See change.actor';
comment on column account_change.database_role is 'See change.database_role';

-- +goose StatementBegin
create or replace function profile_created() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    insert into change (code, field, old, new, actor, database_role, run_id, at, xid)
    select n.code, 'profile', null, n.name, w.actor, session_user, w.run_id, w.at, w.xid
    from new_rows n
    cross join (select audit_actor() as actor, audit_run() as run_id, clock() as at, pg_current_xact_id() as xid offset 0) w;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function profile_updated() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    with changed as (
        insert into change (code, field, old, new, actor, database_role, run_id, at, xid, reason)
        select n.code, f.field, f.old, f.new, w.actor, session_user, w.run_id, w.at, w.xid, w.reason
        from new_rows n
        join old_rows o using (code)
        cross join lateral (values
            ('name', o.name, n.name),
            ('address', array_to_string(o.address, e'\n'), array_to_string(n.address, e'\n')),
            ('postcode', o.postcode, n.postcode),
            ('type', o.type, n.type),
            ('kind', o.kind, n.kind),
            ('roles', array_to_string(o.roles, '|'), array_to_string(n.roles, '|')),
            ('status', o.status, n.status),
            ('parent', o.parent, n.parent),
            ('commissioner', o.commissioner, n.commissioner),
            ('icb', o.icb, n.icb),
            ('region', o.region, n.region),
            ('successor', o.successor, n.successor),
            ('phone', o.phone, n.phone),
            ('email', o.email, n.email),
            ('website', o.website, n.website),
            ('description', o.description, n.description),
            ('hidden', o.hidden::text, n.hidden::text)
        ) as f (field, old, new)
        cross join (select audit_actor() as actor, audit_run() as run_id, clock() as at, pg_current_xact_id() as xid,
            audit_reason() as reason offset 0) w
        where f.old <> f.new
        returning code, field
    )
    update upstream_record u set settled = false
    from (select distinct c.code from changed c join field_owner using (field) where owner = 'ods') owned
    where u.code = owned.code and u.settled and u.report is distinct from audit_report();
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function part_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    was jsonb := part_of(to_jsonb(old));
    is_ jsonb := part_of(to_jsonb(new));
begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    insert into change (code, field, old, new, actor, database_role, run_id, at, xid)
    select p.code, case coalesce(p.is_, p.was) ->> 'source' when 'ers' then 'ers-services' else tg_argv[0] end,
        p.was::text, p.is_::text, audit_actor(), session_user, audit_run(), clock(), pg_current_xact_id()
    from (values
        (new.code, case when old.code = new.code then was end, is_),
        (case when old.code is distinct from new.code then old.code end, was, null)
    ) as p (code, was, is_)
    where p.code is not null and p.was is distinct from p.is_;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function services_inserted() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    insert into change (code, field, new, actor, database_role, run_id, at, xid)
    select n.code, case n.source when 'ers' then 'ers-services' else tg_argv[0] end, part_of(r.row_)::text,
        w.actor, session_user, w.run_id, w.at, w.xid
    from new_rows n
    cross join lateral (select to_jsonb(n) as row_ offset 0) r
    cross join (select audit_actor() as actor, audit_run() as run_id, clock() as at, pg_current_xact_id() as xid offset 0) w
    order by n.id;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function account_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    insert into account_change (account_id, what, old, new, actor, database_role, reason, at, xid)
    select new.id, x.what, x.old, x.new, audit_actor(), session_user, audit_reason(), clock(), pg_current_xact_id()
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
        insert into account_change (account_id, what, old, new, actor, database_role, reason, at, xid)
        select new.id, x.what, '', '', audit_actor(), session_user, audit_reason(), clock(), pg_current_xact_id()
        from (values ('email', old.email <> new.email), ('name', old.name <> new.name)) as x (what, changed)
        where x.changed;
    end if;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function membership_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    was text := '';
    is_ text := case when new.ended_at is null then new.role || ' of ' || new.code else '' end;
begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    if tg_op = 'UPDATE' and old.ended_at is null then
        was := old.role || ' of ' || old.code;
    end if;
    insert into account_change (account_id, what, old, new, actor, database_role, reason, at, xid)
    select new.account_id, 'membership', was, is_, audit_actor(), session_user, audit_reason(), clock(), pg_current_xact_id()
    where was <> is_;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function decided() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    update upstream_record set settled = false where code = coalesce(new.code, old.code) and settled;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function membership_writes() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    standing text;
begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    select state into standing from account where id = new.account_id for update;
    if standing not in ('invited', 'active') then
        raise exception 'membership of u-% at %: the account is %; reactivate it first', new.account_id, new.code, standing;
    end if;
    return new;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function was_active() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    update account a set last_active_at = n.at
    from (select account_id, max(at) as at from new_rows group by account_id) n
    where a.id = n.account_id and a.last_active_at < n.at;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function section_was_checked() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    insert into section_checked as s (code, section, at)
    select code, section, max(at) from new_rows group by code, section order by code, section
    on conflict on constraint section_checked_pkey do update set at = excluded.at where s.at < excluded.at;
    return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create or replace function edited_by_person() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    person bigint := substring(audit_actor() from '^u-([0-9]{1,18})$')::bigint;
begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
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

-- Numbers of transactions are a server's own: after a restore on another they say nothing of what was read.
-- +goose StatementBegin
create function this_server() returns text
    language plpgsql stable
as $$ begin
    return (select system_identifier from pg_control_system());
exception when insufficient_privilege then
    return '';
end $$;
-- +goose StatementEnd
comment on function this_server is 'The identifier of the server''s data; empty where it may not be read';
alter table report add column server text not null default this_server();
alter table dispatch add column server text not null default this_server();
comment on column report.server is 'The server whose transactions floor counts';
comment on column dispatch.server is 'The server whose transactions horizon counts';

-- +goose StatementBegin
create function still_counts(server text, counted xid8) returns boolean
    language sql stable
    return server = this_server() and counted <= pg_snapshot_xmax(pg_current_snapshot());
-- +goose StatementEnd
comment on function still_counts is 'Whether a number of a transaction is of this server, which has counted that far';

create table report_event (
    event     text collate "C" not null,
    report_id bigint not null,
    constraint report_event_pkey primary key (event)
);
comment on table report_event is 'In which report each event of an account, and each overwritten value, was: in exactly one';
comment on column report_event.event is 'Its kind and key';
comment on column report_event.report_id is 'The report';

create view account_event as
select 'letter ' || l.id as event, l.account_id as id,
    case l.kind when 'inactive-30-days' then 'warned 30 days before' else 'warned 7 days before' end as what, l.accepted_at as at
from letter l where l.kind in ('inactive-30-days', 'inactive-7-days') and l.accepted_at is not null
union all
select 'account ' || h.id, h.account_id, h.new, h.at from account_change h where h.what = 'state' and h.new in ('deactivated', 'expired')
union all
select 'kept ' || k.account_id || ' ' || k.since || ' ' || k.step, k.account_id,
    case k.step when 'keep' then 'kept: the only account manager' else 'held: no warning could be delivered' end, k.at
from idle_kept k;
comment on view account_event is 'Accounts that were warned, ended, kept or held';

create function overwrite_event(o push_overwrite) returns text
    language sql stable
    return 'overwritten ' || jsonb_build_array(o.code, o.sink, o.sequence, o.entry, o.field)::text;
comment on function overwrite_event is 'Names an overwritten value in report_event';

insert into report_event (event, report_id)
select e.event, r.id
from (select event, at from account_event union all select overwrite_event(o), o.at from push_overwrite o) e
cross join (select id, until_at from report order by id desc limit 1) r
where e.at < r.until_at;
