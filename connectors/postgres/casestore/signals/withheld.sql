-- What runs withheld and nobody has decided on.
select
    case p.withheld
        when 'mass-change' then 'mass-change-withheld'
        when 'too-many-removals' then 'removals-withheld'
        when 'meaning-changed' then 'meaning-changed'
        when 'undone' then 'undone-withheld'
        else 'short-listing'
    end as kind,
    r.source || ' ' || r.report as subject,
    p.type || ' ' || coalesce(nullif(p.fact, ''), 'missing') as about,
    '' as code,
    '' as board,
    min(s.created_at) as since,
    jsonb_build_object('rows', count(*)::text, 'field', coalesce(nullif(p.fact, ''), 'status'), 'type', p.type, 'report', r.report,
        'reason', p.withheld, 'run', max(p.run_id)::text) as facts
from plan_row p
join run r on r.id = p.run_id
join run s on s.id = coalesce(p.since_run, p.run_id)
where p.waits and p.decision = ''
group by r.source, r.report, p.withheld, p.type, p.fact
