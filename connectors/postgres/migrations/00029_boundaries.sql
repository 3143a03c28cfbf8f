-- +goose Up
-- What people decide is audited wherever they can change it, texts of nothing but blanks are refused, and asking whether the
-- daemon writes costs next to nothing a row.

create function is_member_of_daemon() returns boolean
    language sql stable
    return exists (
        select from pg_class c cross join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
        where c.oid = 'profilesync.plan_row'::regclass and a.privilege_type = 'INSERT' and a.grantee <> 0
            and pg_has_role(session_user, a.grantee, 'member'));
comment on function is_member_of_daemon is 'Whether the session logged in as a member, inheriting or not, of a role that was granted to write plans; a superuser is';

-- A function with a query inside starts one a row; this one becomes part of what calls it. Who may write all data has not
-- been granted to write plans, but an owner or a superuser, who alone may truncate, is believed.
create or replace function is_daemon() returns boolean
    language sql stable
    return has_table_privilege(session_user, 'profilesync.plan_row'::regclass, 'INSERT')
            and (not pg_has_role(session_user, 'pg_write_all_data', 'USAGE')
                or has_table_privilege(session_user, 'profilesync.plan_row'::regclass, 'TRUNCATE'))
        or is_member_of_daemon();

create function has_blank_text(value jsonb) returns boolean
    language sql immutable
    return exists (
        select from jsonb_path_query(value, '$.**') x
        where jsonb_typeof(x) = 'string' and x #>> '{}' <> '' and is_blank(x #>> '{}'));
comment on function has_blank_text is 'Whether one of the texts within has nothing but spaces';

create or replace function why_no_text(what text, value text) returns text
    language sql immutable
    return case
        when value is null then null
        when value = '' then case when what in ('facility', 'value', 'service', 'number') then 'it is blank' end
        when what = 'day' then case when value !~ '^(19[0-9]{2}|20[0-9]{2}|2100)-[0-9]{2}-[0-9]{2}$' then 'it is no day from 1900 to 2100' end
        when what = 'number' then case when value !~ '^[0-9]{1,18}$' then 'it is no number of a service: give 1 to 18 digits' end
        when what = 'contacts' then case
            when length(value) > 4000 then 'it has too many characters'
            when has_control(value) or replace(value, '\\', '') ~ '\\(u00[01][0-9a-f]|u007f|[nrtbf])' then 'it has control characters or line breaks'
            when has_invisible(value) then 'it has characters that nobody sees'
            when has_blank_text(value::jsonb) then 'a text of it is blank'
        end
        when what in ('description', 'text', 'hours', 'instructions', 'booking') and has_control(translate(value, e'\t\n\r', ''))
            then 'it has control characters'
        when what not in ('description', 'text', 'hours', 'instructions', 'booking', 'address') and has_control(value)
            then 'it has control characters or line breaks'
        when what = 'address' and has_control(replace(value, e'\n', '')) then 'it has control characters'
        when has_invisible(value) then 'it has characters that nobody sees'
        when is_blank(value) then case
            when what in ('description', 'hours', 'instructions', 'booking')
                then 'it is blank: write what visitors should know, or leave it empty'
            else 'it is blank' end
        when length(value) > case what
                when 'description' then 10000 when 'text' then 4000 when 'hours' then 4000 when 'instructions' then 4000
                when 'booking' then 4000 when 'address' then 1000 when 'website' then 512 when 'reason' then 2000 when 'email' then 254
                when 'actor' then 200 when 'value' then 200 when 'service' then 200 when 'person' then 200
                when 'name' then 100 when 'facility' then 100 when 'kind' then 100 when 'specialty' then 100
                when 'icb' then 100 when 'region' then 100 when 'roles' then 500 when 'phone' then 40 else 20 end
            then 'it has too many characters'
        when what = 'phone' and (length(regexp_replace(value, '[^0-9]', '', 'g')) < 3
                or value !~* '^[+]?[0-9(][0-9 ().-]*(/ ?[0-9][0-9 .-]*)*([, ]*(x|extn?[.]?|extension|opt[.]?|option)[ .:]*[0-9]{1,6})?( ?[(](x|extn?[.]?|extension|opt[.]?|option) ?[0-9]{1,6}[)])?$')
            then 'it is no telephone number: give digits, spaces, brackets and hyphens, as +44 113 496 0000 or 0113 496 0000 ext 12'
        when what = 'email' and (value ~ '[\u00a0\u1680\u2000-\u200a\u200c\u200d\u202f\u205f\u3000]' or value !~
                '^[^[:space:]@<>(),;:"\\.]+([.][^[:space:]@<>(),;:"\\.]+)*@[^[:space:]@<>(),;:"\\.-]([^[:space:]@<>(),;:"\\.]*[^[:space:]@<>(),;:"\\.-])?([.][^[:space:]@<>(),;:"\\.-]([^[:space:]@<>(),;:"\\.]*[^[:space:]@<>(),;:"\\.-])?)+$')
            then 'it is no e-mail address'
        when what = 'facility' and value ~ ':' then 'it has a colon, which parts a facility from its value'
        when what = 'value' and value ~ ':( |$)' then 'it has a colon before a space, which parts a facility from its value'
        when what in ('facility', 'value') and value ~ '^ | $|[\u00a0\u1680\u2000-\u200a\u200c\u200d\u202f\u205f\u3000]'
            then 'it has spaces before or behind it, or spaces that are none of the keyboard''s'
    end;

create table decision_change (
    id            bigint generated always as identity,
    about         text collate "C" not null,
    field         text collate "C" not null,
    old           text,
    new           text,
    actor         text not null,
    database_role text not null,
    reason        text not null,
    at            timestamptz not null,
    xid           xid8 not null,
    constraint decision_change_pkey primary key (id)
);
create index decision_change_about on decision_change (about, id);
comment on table decision_change is 'The audit of what people decide beside profiles and accounts: append-only, a row a changed column';
comment on column decision_change.id is 'Identity; not in commit order';
comment on column decision_change.about is 'The table and the key, as "hold 12", "push FA420 dos" or "mail_gate"';
comment on column decision_change.field is 'The column';
comment on column decision_change.old is 'Before, of a long value its hash; null for none';
comment on column decision_change.new is 'After, of a long value its hash; null for none';
comment on column decision_change.actor is 'See change.actor';
comment on column decision_change.database_role is 'See change.database_role';
comment on column decision_change.reason is 'Why (session setting profilesync.reason)';
comment on column decision_change.at is 'When';
comment on column decision_change.xid is 'The transaction that wrote it';
create trigger decision_change_is_append_only before update or delete or truncate on decision_change
    for each statement execute function refuse('the audit is append-only');

create function short_value(value text) returns text
    language sql immutable
    return case when length(value) > 4000 then 'sha256 ' || encode(sha256(convert_to(value, 'UTF8')), 'hex') else value end;
comment on function short_value is 'A value as the audit of decisions keeps it: a long one, such as a file, as its hash';

-- +goose StatementBegin
create function decision_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    is_ jsonb := to_jsonb(new);
    was jsonb := coalesce(to_jsonb(old), '{}');
begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    insert into decision_change (about, field, old, new, actor, database_role, reason, at, xid)
    select concat_ws(' ', tg_table_name, (select string_agg(is_ ->> k, ' ' order by n)
            from unnest(string_to_array(tg_argv[0], ' ')) with ordinality as key (k, n))),
        c, short_value(was ->> c), short_value(is_ ->> c), audit_actor(), session_user, audit_reason(), clock(), pg_current_xact_id()
    from unnest(string_to_array(tg_argv[1], ' ')) c
    where is_ ->> c is distinct from was ->> c;
    return null;
end $$;
-- +goose StatementEnd
comment on function decision_written is 'Audits decisions; its arguments are the columns of the key, and those that are audited';
revoke execute on function decision_written() from public;
create trigger hold_written after insert or update of until, removed_at, removed_by on hold
    for each row execute function decision_written('id', 'field sink reason until removed_by removed_at');
-- Only people stop mail and end its pauses; the daemon pauses it.
create trigger mail_gate_written after update on mail_gate
    for each row when (new.stopped_at is distinct from old.stopped_at or new.paused_until is null and old.paused_until is not null)
    execute function decision_written('', 'stopped_by reason paused_until');
create trigger mail_canary_ended after update of first_at on mail_canary
    for each row when (new.first_at < old.first_at) execute function decision_written('kind version', 'first_at');
create trigger reference_report_written after insert or update of content on reference_report
    for each row execute function decision_written('source report', 'name as_of records content actor');
create trigger push_overwrite_decided after update of overwrite on push
    for each row when (new.overwrite and not old.overwrite) execute function decision_written('code sink', 'overwrite');
create trigger ers_service_claimed after update of claimed on ers_service
    for each row when (new.claimed is distinct from old.claimed) execute function decision_written('id', 'claimed');
