-- The newest run of each report that the daemon pulls, if it was refused or failed; and of each when one ended well last. A
-- plan that was out of date when somebody wanted it applied says nothing of the listing.
with pulled as (
    select w.name, n.*, g.at as good
    from unnest(@reports::text[]) as w (name)
    left join lateral (
        select r.id, r.state, r.as_of, coalesce(r.ended_at, r.created_at) as at from run r
        where r.source = split_part(w.name, ' ', 1) and r.report = split_part(w.name, ' ', 2) and r.codes = '{}'
            and r.kind in ('listing', 'delta') and r.state in ('done', 'withheld', 'refused', 'failed')
            and (r.plan_id is null or r.state in ('done', 'withheld'))
        order by r.id desc limit 1
    ) n on true
    left join lateral (
        select coalesce(r.ended_at, r.created_at) as at from run r
        where r.source = split_part(w.name, ' ', 1) and r.report = split_part(w.name, ' ', 2) and r.codes = '{}'
            and r.kind in ('listing', 'delta') and r.state in ('done', 'withheld')
        order by r.id desc limit 1
    ) g on true
)
select 'listing-refused' as kind, n.name as subject, '' as about, '' as code, '' as board, n.at as since,
    jsonb_build_object('report', split_part(n.name, ' ', 2), 'run', n.id::text, 'day', to_char(n.as_of, 'FMDD FMMonth YYYY')) as facts
from pulled n
where n.state in ('refused', 'failed')
union all
select 'source-late', n.name, '', '', '', coalesce(n.good, f.at),
    jsonb_build_object('report', split_part(n.name, ' ', 2),
        'read', coalesce('it was last read on ' || to_char(n.good at time zone 'Europe/London', 'FMDD FMMonth YYYY'), 'it was never read'))
from pulled n
cross join (select min(due_at) as at from schedule_run) f
where coalesce(n.good, f.at) is not null
