-- The newest run of each report that the daemon pulls, if it was refused or failed; and of each when one ended well last.
with pulled as (
    select id, source, report, state, as_of, coalesce(ended_at, created_at) as at
    from run
    where kind in ('listing', 'delta') and codes = '{}' and state in ('done', 'withheld', 'refused', 'failed')
        and source || ' ' || report = any(@reports::text[])
), newest as (
    select distinct on (source, report) * from pulled order by source, report, id desc
), good as (
    select source, report, max(at) as at from pulled where state in ('done', 'withheld') group by source, report
)
select 'listing-refused' as kind, n.source || ' ' || n.report as subject, '' as about, '' as code, '' as board, n.at as since,
    jsonb_build_object('report', n.report, 'run', n.id::text, 'day', to_char(n.as_of, 'FMDD FMMonth YYYY')) as facts
from newest n
where n.state in ('refused', 'failed')
union all
select 'source-late', w.name, '', '', '', coalesce(g.at, f.at),
    jsonb_build_object('report', split_part(w.name, ' ', 2),
        'read', coalesce('it was last read on ' || to_char(g.at at time zone 'Europe/London', 'FMDD FMMonth YYYY'), 'it was never read'))
from unnest(@reports::text[]) as w (name)
left join good g on g.source || ' ' || g.report = w.name
cross join (select min(due_at) as at from schedule_run) f
where coalesce(g.at, f.at) is not null
