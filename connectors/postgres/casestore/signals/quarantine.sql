-- Records that could not be understood, as long as the newest accepted listing of their report has them. A report without
-- listings shows that one is gone by a later record of its code that was understood, and e-RS by a later whole pull.
with listed as (
    select distinct on (l.source, l.report) l.source, l.report, r.started_at
    from listing l
    join run r on r.source = l.source and r.report = l.report
    where r.kind = 'listing' and r.state in ('done', 'withheld') and r.ended_at <= l.accepted_at
    order by l.source, l.report, r.id desc
)
select 'quarantined-record' as kind, q.source || ' ' || q.report as subject, encode(q.raw_hash, 'hex') as about, q.code, coalesce(p.icb, '') as board,
    q.first_seen as since,
    jsonb_build_object('report', q.report, 'field', q.field,
        'record', case q.code when '' then 'A record' else 'The record of ' || coalesce(p.name || ' (' || q.code || ')', q.code) end) as facts
from quarantine q
left join listed l on l.source = q.source and l.report = q.report
left join profile p on p.code = q.code
where case
    when l.started_at is not null then q.last_seen >= l.started_at
    else not exists (
        select from upstream_record u join run c on c.id = u.compared_in
        where u.source = q.source and u.report = q.report and u.code = q.code and c.started_at > q.last_seen)
        and not exists (
            select from run n
            where q.source = 'ers' and n.source = q.source and n.report = q.report and n.kind = 'listing' and n.codes = '{}'
                and n.state in ('done', 'withheld') and n.started_at > q.last_seen)
    end
