-- +goose Up
-- A session keeps the plan that it made for the first call of a trigger, estimates of the rows included. A plan that compares
-- each old row with each new one, good for one row, then takes the square of the rows of a later call. So old and new rows
-- are joined by hash, or not at all.

-- +goose StatementBegin
create or replace function profile_updated() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp set enable_nestloop = off set enable_hashjoin = on
as $$
declare
    owned text[];
begin
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
    select array_agg(distinct c.code) into owned from changed c join field_owner using (field) where owner = 'ods';
    update upstream_record set settled = false
    where code = any(owned) and settled and report is distinct from audit_report();
    return null;
end $$;
-- +goose StatementEnd

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
        where (o.code, o.day) in (select code, day
            from (
                select code, day, opens is null as closed, 1 as more from new_rows
                union all
                select code, day, opens is null, -1 from old_rows
            ) written
            group by code, day, closed having sum(more) > 0)
        group by o.code, o.day having why_no_day(count(*), 0) is not null limit 1;
    elsif tg_op = 'INSERT' then
        select o.code, o.date::text as day, why_no_day(count(*), count(*) filter (where o.opens is null)) as why into bad
        from dated_opening_period o
        where (o.code, o.date) in (select code, date from new_rows)
        group by o.code, o.date having why_no_day(count(*), count(*) filter (where o.opens is null)) is not null limit 1;
    else
        select o.code, o.date::text as day, why_no_day(count(*), count(*) filter (where o.opens is null)) as why into bad
        from dated_opening_period o
        where (o.code, o.date) in (select code, date
            from (
                select code, date, opens is null as closed, 1 as more from new_rows
                union all
                select code, date, opens is null, -1 from old_rows
            ) written
            group by code, date, closed having sum(more) > 0)
        group by o.code, o.date having why_no_day(count(*), count(*) filter (where o.opens is null)) is not null limit 1;
    end if;
    if bad.why is not null then
        raise check_violation using constraint = tg_table_name || '_is_a_day', table = tg_table_name,
            message = format('opening times of %s on %s: %s', bad.code, bad.day, bad.why);
    end if;
    return null;
end $$;
-- +goose StatementEnd

-- It is called from within profile_updated too, whose way of joining would read every account.
alter function was_active() set enable_nestloop = on;
alter function was_active() set enable_hashjoin = off;
alter function was_active() set enable_mergejoin = off;
