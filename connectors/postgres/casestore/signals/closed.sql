-- Closed profiles with hours of days to come, and those whose successor nobody has checked since it was named.
select 'closed-with-hours' as kind, p.code as subject, '' as about, p.code, p.icb as board, null::timestamptz as since,
    jsonb_build_object('days', count(distinct d.date)::text, 'day', to_char(min(d.date), 'FMDD FMMonth YYYY')) as facts
from profile p
join dated_opening_period d on d.code = p.code and d.date >= @today::date and d.opens is not null
where p.status = 'closed'
group by p.code, p.icb
union all
select 'successor-named', p.code, '', p.code, p.icb, n.at, jsonb_build_object('successor', p.successor, 'follower', s.name || ' (' || s.code || ')')
from profile p
join profile s on s.code = p.successor and s.status <> 'closed'
cross join lateral (
    select coalesce(max(c.at), p.created_at) as at from change c where c.code = p.code and c.field = 'successor' and c.new = p.successor
) n
where p.status = 'closed' and p.successor <> ''
    and not exists (select from section_checked k where k.code = p.successor and k.at >= n.at)
