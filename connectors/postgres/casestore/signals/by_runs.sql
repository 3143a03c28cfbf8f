-- What runs of the last 90 days created or renamed, but for the first load of each report and for what an undo wrote. What
-- was found then to have no account manager is looked for until it has one. With offset 0 the changes of each run are
-- looked up by their key, whatever the statistics say.
with first as (
    select source, report, min(id) as id from run
    where kind in ('listing', 'delta') and codes = '{}' and state in ('done', 'withheld')
    group by source, report
), written as materialized (
    select c.id, c.code, c.field, c.old, c.at
    from run r
    join first f on f.source = r.source and f.report = r.report and f.id < coalesce(r.parent_id, r.id)
    cross join lateral (
        select w.id, w.code, w.field, w.old, w.at from change w
        where w.run_id = r.id and w.run_id is not null and w.field in ('profile', 'name') offset 0
    ) c
    where r.kind <> 'undo' and r.state in ('running', 'done', 'withheld')
        and coalesce(r.started_at, r.created_at) >= (@today::date - 90)::timestamp at time zone 'Europe/London'
), created as (
    select w.code, w.at from written w where w.field = 'profile'
    union
    select k.code, k.since from cases k where k.kind = 'no-account-manager' and k.state <> 'gone'
)
select 'no-account-manager' as kind, p.code as subject, '' as about, p.code, p.icb as board, w.at as since,
    jsonb_build_object('day', to_char(w.at at time zone 'Europe/London', 'FMDD FMMonth YYYY')) as facts
from created w cross join lateral (select * from profile f where f.code = w.code offset 0) p
where p.status <> 'closed' and not p.hidden and p.type = any(@types::text[])
    and not exists (select from membership m where m.code = p.code and m.role = 'account-manager' and m.ended_at is null)
union all
select 'renamed', p.code, '', p.code, p.icb, w.at,
    jsonb_build_object('before', w.old, 'day', to_char(w.at at time zone 'Europe/London', 'FMDD FMMonth YYYY'))
from written w join profile p on p.code = w.code
where w.field = 'name' and p.status <> 'closed' and not p.hidden
    and w.id = (select max(n.id) from change n where n.code = w.code and n.field = 'name')
    and not exists (select from section_checked s where s.code = w.code and s.section = 'contact' and s.at >= w.at)
