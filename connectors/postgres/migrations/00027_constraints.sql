-- +goose Up
-- What the published interface refuses: texts that no sink can take or that hide what they are, and days that are both open
-- and closed. What a run writes is the register's, and was checked when it was read. Rows from before stay until somebody
-- writes them; `profilesync migrate` lists them, and makes a constraint whole once no row breaks it.

create function why_no_text(what text, value text) returns text
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
        end
        when what in ('description', 'text', 'hours', 'instructions', 'booking') and has_control(translate(value, e'\t\n\r', ''))
            then 'it has control characters'
        when what not in ('description', 'text', 'hours', 'instructions', 'booking', 'address') and has_control(value)
            then 'it has control characters or line breaks'
        when what = 'address' and has_control(replace(value, e'\n', '')) then 'it has control characters'
        when has_invisible(value) then 'it has characters that nobody sees'
        when what not in ('description', 'hours', 'instructions', 'booking') and is_blank(value) then 'it is blank'
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
comment on function why_no_text is 'What is wrong with a text of the published interface; null if nothing is. Lengths are what every sink can take';

-- +goose StatementBegin
create function profile_texts(p profile) returns table (field text, value text)
    language sql immutable
begin atomic
    values ('name', p.name), ('address', array_to_string(p.address, e'\n')), ('postcode', p.postcode),
        ('roles', array_to_string(p.roles, ' ')), ('parent', p.parent), ('commissioner', p.commissioner), ('icb', p.icb),
        ('region', p.region), ('successor', p.successor), ('phone', p.phone), ('email', p.email), ('website', p.website),
        ('description', p.description);
end;
-- +goose StatementEnd
comment on function profile_texts is 'The texts of a profile that the published interface checks';

create function why_no_list(lines text[], most integer) returns text
    language sql immutable
    return case
        when array_ndims(lines) > 1 or array_lower(lines, 1) <> 1 then 'it is no plain list'
        when cardinality(lines) > most then format('it has more than %s lines', most)
        when array_position(lines, null) is not null or exists (select from unnest(lines) l where is_blank(l)) then 'a line of it is blank'
        when exists (select from unnest(lines) l where has_control(l)) then 'a line of it has a line break'
    end;
comment on function why_no_list is 'What is wrong with a list of texts, such as the lines of an address; null if nothing is';

-- +goose StatementBegin
create function profile_is_plain() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$
declare
    bad record;
begin
    select n.field, why_no_text(n.field, n.value) as why into bad
    from profile_texts(new) n
    where (tg_op = 'INSERT' or n.value is distinct from (select o.value from profile_texts(old) o where o.field = n.field))
        and why_no_text(n.field, n.value) is not null
    limit 1;
    if found then
        raise check_violation using constraint = 'profile_is_plain', table = 'profile', column = bad.field,
            message = format('%s of profile %s: %s', bad.field, new.code, bad.why);
    end if;
    select n.field, n.why into bad
    from (values ('address', why_no_list(new.address, 12), tg_op = 'INSERT' or new.address is distinct from old.address),
        ('roles', why_no_list(new.roles, 50), tg_op = 'INSERT' or new.roles is distinct from old.roles)) n (field, why, written)
    where n.written and n.why is not null limit 1;
    if found then
        raise check_violation using constraint = 'profile_is_plain', table = 'profile', column = bad.field,
            message = format('%s of profile %s: %s', bad.field, new.code, bad.why);
    end if;
    return new;
end $$;
-- +goose StatementEnd
comment on function profile_is_plain is 'Refuses texts of a profile that were written now and are not plain';
create trigger profile_is_plain before insert or update on profile
    for each row when (not by_a_run()) execute function profile_is_plain();

-- +goose StatementBegin
create function row_is_plain() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$
declare
    is_ jsonb := to_jsonb(new);
    was jsonb := coalesce(to_jsonb(old), '{}');
    pair text;
    named text;
    why text;
begin
    foreach pair in array tg_argv loop
        named := split_part(pair, ' ', 1);
        why := case when is_ -> named is distinct from was -> named then why_no_text(split_part(pair, ' ', 2), is_ ->> named) end;
        if why is not null then
            raise check_violation using constraint = tg_table_name || '_is_plain', table = tg_table_name, column = named,
                message = format('%s of %s: %s', named, tg_table_name, why);
        end if;
    end loop;
    return new;
end $$;
-- +goose StatementEnd
comment on function row_is_plain is 'Refuses texts that were written now and are not plain; its arguments are pairs of a column and the rule for it';
create trigger account_is_plain before insert or update on account
    for each row execute function row_is_plain('email email', 'name person', 'region region', 'leave_from day', 'leave_until day');
create trigger hold_is_plain before insert or update on hold
    for each row execute function row_is_plain('reason reason', 'actor actor', 'removed_by actor', 'until day');
create trigger facility_is_plain before insert or update on facility
    for each row execute function row_is_plain('name facility', 'value value');
create trigger service_is_plain before insert or update on service
    for each row when (new.source = 'editor') execute function row_is_plain('name service', 'kind kind', 'specialty specialty',
        'hours hours', 'instructions instructions', 'booking booking', 'contacts contacts');
create trigger service_text_is_plain before insert or update on service_text
    for each row execute function row_is_plain('external_id number', 'text text');

alter table opening_period
    add constraint opening_period_to_the_minute check (why_no_period(opens, closes) is null) not valid;
alter table dated_opening_period
    add constraint dated_opening_period_to_the_minute check (why_no_period(opens, closes) is null) not valid,
    add constraint dated_opening_period_in_reach check (date between '1900-01-01' and '2100-12-31') not valid;

create table hours_turn (
    code text collate "C" not null,
    constraint hours_turn_pkey primary key (code)
);
comment on table hours_turn is 'Whoever writes opening times of a profile takes its row, so that two who write at once count each other''s';
comment on column hours_turn.code is 'The profile';

create view hours_day as
select code, day, count(*) as periods, 0::bigint as closed from opening_period group by code, day
union all
select code, date::text, count(*), count(*) filter (where opens is null) from dated_opening_period group by code, date;
comment on view hours_day is 'Days with opening times: how many periods, and how many of them say closed';

create function why_no_day(periods bigint, closed bigint) returns text
    language sql immutable
    return case
        when periods > 8 then 'it has more than 8 periods'
        when closed > 1 then 'it is closed twice'
        when closed > 0 and periods > closed then 'it is closed and open: remove its periods, or that it is closed, first'
    end;
comment on function why_no_day is 'What is wrong with a day of opening times; null if nothing is';

-- +goose StatementBegin
create function hours_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    bad record;
begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    insert into hours_turn as t (code) select distinct code from new_rows order by code
    on conflict on constraint hours_turn_pkey do update set code = excluded.code;
    if tg_table_name = 'opening_period' and tg_op = 'INSERT' then
        select o.code, o.day as day, why_no_day(count(*), 0) as why into bad
        from opening_period o
        where (o.code, o.day) in (select code, day from new_rows)
        group by o.code, o.day having why_no_day(count(*), 0) is not null limit 1;
    elsif tg_table_name = 'opening_period' then
        select o.code, o.day as day, why_no_day(count(*), 0) as why into bad
        from opening_period o
        where (o.code, o.day) in (select n.code, n.day
            from (select code, day, opens is null as closed, count(*) as periods from new_rows group by 1, 2, 3) n
            left join (select code, day, opens is null as closed, count(*) as periods from old_rows group by 1, 2, 3) w using (code, day, closed)
            where n.periods > coalesce(w.periods, 0))
        group by o.code, o.day having why_no_day(count(*), 0) is not null limit 1;
    elsif tg_op = 'INSERT' then
        select o.code, o.date::text as day, why_no_day(count(*), count(*) filter (where o.opens is null)) as why into bad
        from dated_opening_period o
        where (o.code, o.date) in (select code, date from new_rows)
        group by o.code, o.date having why_no_day(count(*), count(*) filter (where o.opens is null)) is not null limit 1;
    else
        select o.code, o.date::text as day, why_no_day(count(*), count(*) filter (where o.opens is null)) as why into bad
        from dated_opening_period o
        where (o.code, o.date) in (select n.code, n.date
            from (select code, date, opens is null as closed, count(*) as periods from new_rows group by 1, 2, 3) n
            left join (select code, date, opens is null as closed, count(*) as periods from old_rows group by 1, 2, 3) w using (code, date, closed)
            where n.periods > coalesce(w.periods, 0))
        group by o.code, o.date having why_no_day(count(*), count(*) filter (where o.opens is null)) is not null limit 1;
    end if;
    if bad.why is not null then
        raise check_violation using constraint = tg_table_name || '_is_a_day', table = tg_table_name,
            message = format('opening times of %s on %s: %s', bad.code, bad.day, bad.why);
    end if;
    return null;
end $$;
-- +goose StatementEnd
comment on function hours_written is 'Refuses days with too many periods, or both open and closed; one from before may be written, but not made worse';
create trigger opening_period_day_inserted after insert on opening_period
    referencing new table as new_rows for each statement execute function hours_written();
create trigger opening_period_day_updated after update on opening_period
    referencing old table as old_rows new table as new_rows for each statement execute function hours_written();
create trigger dated_opening_period_day_inserted after insert on dated_opening_period
    referencing new table as new_rows for each statement execute function hours_written();
create trigger dated_opening_period_day_updated after update on dated_opening_period
    referencing old table as old_rows new table as new_rows for each statement execute function hours_written();

-- +goose StatementBegin
create function refuse_service_of_ers() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$ begin
    raise insufficient_privilege using message = 'services of the e-Referral Service are not written by editors: write a text beside one in service_text';
end $$;
-- +goose StatementEnd
comment on function refuse_service_of_ers is 'Refuses to let anybody but the daemon write what e-RS says';
create trigger service_of_ers_inserted before insert on service
    for each row when (new.source = 'ers' and not is_daemon()) execute function refuse_service_of_ers();
create trigger service_of_ers_updated before update on service
    for each row when ((new.source = 'ers' or old.source = 'ers') and not is_daemon()) execute function refuse_service_of_ers();
create trigger service_of_ers_deleted before delete on service
    for each row when (old.source = 'ers' and not is_daemon()) execute function refuse_service_of_ers();

create function facility_line(name text, value text) returns text
    language sql immutable
    return btrim(translate(name, e':\r\n', '   ')) || ': ' || btrim(replace(translate(value, e'\r\n', '  '), ': ', ' '));
comment on function facility_line is 'A facility as a line of its own, which can be read in one way only, whatever an old row holds';

create view broken_row as
select 'profile_is_plain'::text as rule, 'profile ' || p.code as place, t.field || ': ' || why_no_text(t.field, t.value) as why
from profile p cross join lateral profile_texts(p) t where why_no_text(t.field, t.value) is not null
union all
select 'profile_is_plain', 'profile ' || p.code, t.field || ': ' || t.why
from profile p cross join lateral (values ('address', why_no_list(p.address, 12)), ('roles', why_no_list(p.roles, 50))) t (field, why)
where t.why is not null
union all
select x.rule, x.place, x.field || ': ' || why_no_text(x.what, x.value)
from (
    select 'account_is_plain' as rule, 'account u-' || a.id as place, t.field, t.what, t.value
    from account a cross join lateral (values ('email', 'email', a.email), ('name', 'person', a.name), ('region', 'region', a.region),
        ('leave_from', 'day', a.leave_from::text), ('leave_until', 'day', a.leave_until::text)) t (field, what, value)
    union all
    select 'hold_is_plain', 'hold ' || h.id, t.field, t.what, t.value
    from hold h cross join lateral (values ('reason', 'reason', h.reason), ('actor', 'actor', h.actor), ('removed_by', 'actor', h.removed_by),
        ('until', 'day', h.until::text)) t (field, what, value)
    union all
    select 'facility_is_plain', 'facility ' || f.id || ' of profile ' || f.code, t.field, t.what, t.value
    from facility f cross join lateral (values ('name', 'facility', f.name), ('value', 'value', f.value)) t (field, what, value)
    union all
    select 'service_is_plain', 'service ' || s.id || ' of profile ' || s.code, t.field, t.what, t.value
    from service s cross join lateral (values ('name', 'service', s.name), ('kind', 'kind', s.kind), ('specialty', 'specialty', s.specialty),
        ('hours', 'hours', s.hours), ('instructions', 'instructions', s.instructions), ('booking', 'booking', s.booking),
        ('contacts', 'contacts', s.contacts::text)) t (field, what, value)
    where s.source = 'editor'
    union all
    select 'service_text_is_plain', 'service_text ' || x.id || ' of profile ' || x.code, t.field, t.what, t.value
    from service_text x cross join lateral (values ('external_id', 'number', x.external_id), ('text', 'text', x.text)) t (field, what, value)
) x
where why_no_text(x.what, x.value) is not null
union all
select 'opening_times_are_days', 'profile ' || d.code, d.day || ': ' || why_no_day(d.periods, d.closed)
from hours_day d where why_no_day(d.periods, d.closed) is not null;
comment on view broken_row is 'Rows that break a rule that only holds for what is written: what is wrong, never the text itself';

-- A hold is its own history: what was asked for, by whom, and who removed it when, are written once.
-- +goose StatementBegin
create function hold_stands() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$ begin
    if (new.id, new.code, new.field, new.sink, new.reason, new.actor, new.at) is distinct from
        (old.id, old.code, old.field, old.sink, old.reason, old.actor, old.at) then
        raise check_violation using constraint = 'hold_stands', table = 'hold',
            message = format('hold %s: what it holds, why and since when stays; remove it, and write another', old.id);
    end if;
    if old.removed_at is not null and (new.removed_at, new.removed_by, new.until) is distinct from (old.removed_at, old.removed_by, old.until) then
        raise check_violation using constraint = 'hold_stands', table = 'hold', message = format('hold %s was removed: that stays', old.id);
    end if;
    if old.removed_at is null and new.removed_at is not null then
        new.removed_at := clock();
    end if;
    return new;
end $$;
-- +goose StatementEnd
comment on function hold_stands is 'Keeps what a hold says of who did what when';
create trigger hold_stands before update on hold for each row execute function hold_stands();

-- What writes with its owner's rights, and what only triggers run, is for nobody to call or to put on a table of their own.
-- Triggers run without this right.
-- +goose StatementBegin
do $$
declare
    named regprocedure;
begin
    for named in
        select oid from pg_proc
        where pronamespace = 'profilesync'::regnamespace and (prosecdef or prorettype = 'trigger'::regtype)
    loop
        execute format('revoke execute on function %s from public', named);
    end loop;
end $$;
-- +goose StatementEnd
