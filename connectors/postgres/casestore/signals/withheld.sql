-- What runs withheld and nobody has decided on, but for short listings: closures and absences of a type are one, as are
-- the services of the e-Referral Service, each of which counts.
select
    case p.withheld
        when 'mass-change' then 'mass-change-withheld'
        when 'too-many-removals' then 'removals-withheld'
        when 'meaning-changed' then 'meaning-changed'
        else 'undone-withheld'
    end as kind,
    r.source || ' ' || r.report as subject,
    p.type || ' ' || x.field as about,
    '' as code,
    '' as board,
    min(s.created_at) as since,
    jsonb_build_object('rows', concat_ws(' of ', count(distinct (p.code, p.fact)), max(o.of)), 'day', to_char(min(s.as_of), 'FMDD FMMonth YYYY'),
        'layout', case when bool_or(s.summary ? 'new_layout') then '; it came in a new layout' else '' end,
        'field', x.field, 'type', p.type, 'report', r.report, 'reason', p.withheld) as facts
from plan_row p
cross join lateral (select coalesce(nullif(split_part(p.fact, '/', 1), ''), 'status') as field) x
join run r on r.id = p.run_id
join run s on s.id = coalesce(p.since_run, p.run_id)
left join lateral (
    select w.of from jsonb_to_recordset(s.summary -> 'withheld') as w (reason text, type text, field text, of integer)
    where w.reason = p.withheld and w.type = p.type
        and coalesce(nullif(split_part(w.field, '/', 1), ''), 'status') = x.field
) o on true
where p.waits and p.decision = '' and p.withheld <> 'short-listing'
group by r.source, r.report, p.withheld, p.type, x.field
