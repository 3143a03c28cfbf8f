-- What the register says of profiles that stay as they are. A closure that is withheld is in withheld.sql.
select x.kind, u.code as subject, u.report as about, u.code, p.icb as board, x.since,
    jsonb_build_object('report', u.report, 'type', p.type,
        'why', case u.flag when 'end-in-future' then 'the day on which it ends has not come' else 'no day is stated on which it ended' end,
        'end', coalesce(' on ' || to_char(e.day, 'FMDD FMMonth YYYY'), ''),
        'day', to_char(coalesce((x.since at time zone 'Europe/London')::date, e.day), 'FMDD FMMonth YYYY')) as facts
from upstream_record u
join profile p using (code)
cross join lateral (select nullif(u.facts ->> 'closed', '')::date as day) e
cross join lateral (
    select case u.flag when 'left-type' then 'left-type' when 'missing-twice' then 'missing-from-register' when 'deleted' then 'deleted-from-register'
            else 'inactive-without-end' end as kind,
        u.missing_since::timestamp at time zone 'Europe/London' as since
    where u.flag <> '' and p.status <> 'closed'
    union all
    select 'contradiction', null where u.contradiction
    union all
    select 'closure-pending', u.pending_since::timestamp at time zone 'Europe/London'
    where u.pending_since is not null and p.status <> 'closed'
        and not exists (select from plan_row w where w.code = u.code and w.waits and w.verb = 'close')
) x
where u.flag <> '' or u.contradiction or u.pending_since is not null
