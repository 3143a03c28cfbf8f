-- +goose Up
-- How many parts a profile may have, so that the largest profile fits what every sink takes: the queue behind DoS takes
-- messages of 256 KB, and a date is up to two rows there for each of its periods. Runs are not counted. Profiles from before
-- with more stay, and may lose parts; `profilesync migrate` lists them.

alter table hours_turn rename to part_turn;
alter table part_turn rename constraint hours_turn_pkey to part_turn_pkey;
comment on table part_turn is 'Whoever writes opening times, facilities or services of a profile takes its row, so that two who write at once count each other''s';

-- +goose StatementBegin
create or replace function hours_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    bad record;
begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    insert into part_turn as t (code) select distinct code from new_rows order by code
    on conflict on constraint part_turn_pkey do update set code = excluded.code;
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

create view profile_parts as
select code, 'facility'::text as part, count(*) as rows from facility group by code
union all
select code, 'service', count(*) from service where source = 'editor' group by code
union all
select code, 'dated_opening_period', count(*) from dated_opening_period group by code;
comment on view profile_parts is 'How many rows each profile has of what editors may add';

create function why_too_many(part text, rows bigint) returns text
    language sql immutable
    return case
        when part = 'facility' and rows > 100 then 'it has more than 100 facilities'
        when part = 'service' and rows > 100 then 'it has more than 100 services of its own'
        when part = 'dated_opening_period' and rows > 500 then 'it has more than 500 dated periods: remove those of days that have passed'
    end;
comment on function why_too_many is 'What is wrong with a number of parts of a profile; null if nothing is';

-- +goose StatementBegin
create function parts_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    grown text[];
    bad record;
begin
    if tg_table_schema <> 'profilesync' then perform refuse_elsewhere(); end if;
    if tg_op = 'UPDATE' then
        grown := array[new.code];
    elsif tg_table_name = 'service' then
        select array_agg(distinct n.code order by n.code) into grown from new_rows n where n.source = 'editor';
    else
        select array_agg(distinct n.code order by n.code) into grown from new_rows n;
    end if;
    if grown is null then return null; end if;
    insert into part_turn as t (code) select unnest(grown)
    on conflict on constraint part_turn_pkey do update set code = excluded.code;
    select g.code, why_too_many(tg_table_name, g.rows) as why into bad
    from (
        select c.code, (select p.rows from profile_parts p where p.part = tg_table_name and p.code = c.code) as rows
        from unnest(grown) c (code)
    ) g
    where why_too_many(tg_table_name, g.rows) is not null limit 1;
    if found then
        raise check_violation using constraint = 'profile_has_room', table = tg_table_name, message = format('profile %s: %s', bad.code, bad.why);
    end if;
    return null;
end $$;
-- +goose StatementEnd
comment on function parts_written is 'Refuses more parts of a profile than every sink takes; one that has more from before may be written, but gets no other';
revoke execute on function parts_written from public;
create trigger facility_added after insert on facility
    referencing new table as new_rows for each statement when (not by_a_run()) execute function parts_written();
create trigger facility_moved after update on facility
    for each row when (new.code is distinct from old.code and not by_a_run()) execute function parts_written();
create trigger service_added after insert on service
    referencing new table as new_rows for each statement when (not by_a_run()) execute function parts_written();
create trigger service_moved after update on service
    for each row when (new.code is distinct from old.code and not by_a_run()) execute function parts_written();
create trigger dated_opening_period_added after insert on dated_opening_period
    referencing new table as new_rows for each statement when (not by_a_run()) execute function parts_written();
create trigger dated_opening_period_moved after update on dated_opening_period
    for each row when (new.code is distinct from old.code and not by_a_run()) execute function parts_written();

create or replace view broken_row as
select 'profile_is_plain'::text as rule, 'profile ' || p.code as place, t.field || ': ' || why_no_text(t.field, t.value) as why
from profile p cross join lateral profile_texts(p) t where why_no_text(t.field, t.value) is not null
union all
select 'profile_is_plain', 'profile ' || p.code, t.field || ': ' || t.why
from profile p cross join lateral (values ('address', why_no_list(p.address, 12)), ('roles', why_no_list(p.roles, 50)),
    ('roles', case when position('|' in array_to_string(p.roles, '')) > 0 then 'a role has a |' end)) t (field, why)
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
from hours_day d where why_no_day(d.periods, d.closed) is not null
union all
select 'profile_has_room', 'profile ' || n.code, why_too_many(n.part, n.rows)
from profile_parts n where why_too_many(n.part, n.rows) is not null;
