-- Short listings on which nobody has decided: as long as closures of one wait; or it is the newest of its report, and was
-- neither approved nor rejected as a whole.
select distinct on (r.source, r.report) 'short-listing' as kind, r.source || ' ' || r.report as subject, '' as about, '' as code, '' as board,
    r.created_at as since,
    jsonb_build_object('report', r.report, 'run', r.id::text, 'day', to_char(r.as_of, 'FMDD FMMonth YYYY'),
        'records', coalesce(r.summary ->> 'records', ''), 'before', coalesce('about ' || l.records, 'many more')) as facts
from (
    select p.run_id from plan_row p where p.waits and p.decision = '' and p.withheld = 'short-listing' group by p.run_id
    union
    select n.id
    from listing k
    cross join lateral (
        select r.id, r.rejected_by, r.undone_by from run r
        where r.source = k.source and r.report = k.report and r.kind = 'listing' and r.codes = '{}' and r.state in ('done', 'withheld')
        order by r.id desc limit 1
    ) n
    where n.rejected_by = '' and n.undone_by is null
        and not exists (select from plan_row p where p.run_id = n.id and p.withheld <> '' and p.decision <> '')
        and not exists (
            select from run a
            where a.parent_id = n.id and a.kind = 'approve' and a.state not in ('refused', 'failed') and a.undone_by is null)
) x
join run r on r.id = x.run_id
left join listing l on l.source = r.source and l.report = r.report
where r.summary -> 'withheld' @> '[{"reason": "short-listing"}]'
order by r.source, r.report, r.id desc
