-- name: WatchPulls :many
-- Of each report that a schedule pulled in the last 30 days: how long ago it was last read completely, by whomever and
-- whether or not anything was new, or first asked for if it never was; and how many pulls of it were refused or failed since.
-- What a person reads once, or wanted and was refused, is for that person. Unless only those of schedules are asked for, it is
-- of each report that anybody read completely in the last 30 days.
with recursive name as (
    (select r.source, r.report from run r where r.codes = '{}' and r.kind in ('listing', 'delta') order by r.source, r.report limit 1)
    union all
    select x.source, x.report
    from name n
    cross join lateral (
        select r.source, r.report from run r
        where r.codes = '{}' and r.kind in ('listing', 'delta') and (r.source, r.report) > (n.source, n.report)
        order by r.source, r.report limit 1
    ) x
)
select n.source::text as source, n.report::text as report, (extract(epoch from clock() - coalesce(g.at, b.at)))::float8 as age_seconds, b.refused
from name n
left join lateral (
    select r.created_at as at from run r
    where r.source = n.source and r.report = n.report and r.codes = '{}' and r.kind in ('listing', 'delta') and r.actor = 'schedule'
    order by r.id desc limit 1
) s on true
left join lateral (
    select r.id, coalesce(r.ended_at, r.created_at) as at from run r
    where r.source = n.source and r.report = n.report and r.codes = '{}' and r.kind in ('listing', 'delta')
        and r.state in ('done', 'withheld')
    order by r.id desc limit 1
) g on true
cross join lateral (
    select min(r.created_at) as at, count(*) filter (where r.state in ('refused', 'failed')) as refused
    from run r
    where r.source = n.source and r.report = n.report and r.codes = '{}' and r.kind in ('listing', 'delta')
        and r.id >= coalesce(g.id, 0) and r.actor = 'schedule'
) b
where case when @scheduled::boolean then s.at else g.at end > clock() - interval '30 days'
order by n.source, n.report;
