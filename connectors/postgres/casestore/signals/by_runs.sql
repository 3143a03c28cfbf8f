-- What runs of the last 90 days created or renamed, but for the first load of each report and for what an undo wrote.
with recent as (
    select r.id, r.source, r.report from run r
    where r.kind <> 'undo' and coalesce(r.started_at, r.created_at) >= (@today::date - 90)::timestamp at time zone 'Europe/London'
        and r.state in ('running', 'done', 'withheld') and exists (
            select from run f
            where f.source = r.source and f.report = r.report and f.id < coalesce(r.parent_id, r.id) and f.codes = '{}'
                and f.kind in ('listing', 'delta') and f.state in ('done', 'withheld'))
), written as (
    select c.id, c.code, c.field, c.at
    from recent r join change c on c.run_id = r.id
    where c.run_id is not null and c.field in ('profile', 'name')
)
select 'no-account-manager' as kind, p.code as subject, '' as about, p.code, p.icb as board, w.at as since,
    jsonb_build_object('day', to_char(w.at at time zone 'Europe/London', 'FMDD FMMonth YYYY')) as facts
from written w join profile p on p.code = w.code
where w.field = 'profile' and p.status <> 'closed' and not p.hidden and p.type = any(@types::text[])
    and not exists (select from membership m where m.code = p.code and m.role = 'account-manager' and m.ended_at is null)
union all
select 'renamed', p.code, '', p.code, p.icb, w.at, jsonb_build_object('day', to_char(w.at at time zone 'Europe/London', 'FMDD FMMonth YYYY'))
from written w join profile p on p.code = w.code
where w.field = 'name' and p.status <> 'closed' and not p.hidden
    and not exists (select from change n where n.code = w.code and n.field = 'name' and n.id > w.id)
    and not exists (select from section_checked s where s.code = w.code and s.section = 'contact' and s.at >= w.at)
