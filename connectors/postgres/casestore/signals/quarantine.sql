-- Records that the newest accepted listing of their report still has, and that could not be understood.
with listed as (
    select distinct on (l.source, l.report) l.source, l.report, r.started_at
    from listing l
    join run r on r.source = l.source and r.report = l.report
    where r.kind = 'listing' and r.state in ('done', 'withheld') and r.ended_at <= l.accepted_at
    order by l.source, l.report, r.id desc
)
select 'quarantined-record' as kind, q.source || ' ' || q.report as subject, encode(q.raw_hash, 'hex') as about, q.code, coalesce(p.icb, '') as board,
    q.first_seen as since,
    jsonb_build_object('report', q.report, 'code', q.code, 'line', q.line::text, 'field', q.field) as facts
from quarantine q
left join listed l on l.source = q.source and l.report = q.report
left join profile p on p.code = q.code
where l.started_at is null or q.last_seen >= l.started_at
