-- Signs that an open profile has closed: a board's word, or two of the others; and what a person has confirmed, with the
-- place that follows it or the nearest of its type in its postcode district. With offset 0 each of the few is looked up by
-- its key, whatever the statistics say.
with unread as materialized (
    select a.id from account a where a.dead_at is not null and a.state in ('invited', 'active')
    union
    select b.account_id
    from (select account_id from letter where state = 'bounced' group by account_id having count(*) > 1) b
    where (select count(*) from letter l
        where l.account_id = b.account_id and l.state = 'bounced'
            and not exists (select from letter d where d.account_id = l.account_id and d.state = 'delivered' and d.accepted_at > l.accepted_at)
            and not exists (select from account_change e where e.account_id = l.account_id and e.what = 'email' and e.at > l.accepted_at)) > 1
), rarer as materialized (
    select c.code, 'a board says so' as sign from closure c where c.taken_back_at is null and c.confirmed_at is null
    union all
    select s.code, 'nobody has checked it for two quarters'
    from (select distinct k.code from section_checked k where k.at < @two_quarters::date::timestamp at time zone 'Europe/London') s
    cross join lateral (select p.type from profile p where p.code = s.code offset 0) p
    where p.type = any(@quarterly::text[])
        and not exists (select from section_checked k where k.code = s.code and k.at >= @two_quarters::date::timestamp at time zone 'Europe/London')
    union all
    select m.code, 'letters to all its people come back'
    from unread u
    cross join lateral (select k.code from membership k where k.account_id = u.id and k.ended_at is null offset 0) m
    where not exists (
        select from membership o join account w on w.id = o.account_id
        where o.code = m.code and o.ended_at is null and w.state in ('invited', 'active')
            and not exists (select from unread x where x.id = w.id))
    union all
    select s.code, 'all its services have left e-RS'
    from service s
    where s.source = 'ers' and s.withdrawn
        and not exists (select from service o where o.code = s.code and o.source = 'ers' and not o.withdrawn)
    union all
    select f.code, 'DoS has no active service of its type'
    from quality_finding f
    where f.gone_at is null and f.kind = 'missing-service-type'
    union all
    select d.code, 'DoS has no active service of its type'
    from (
        select id from drift_check where sink = 'dos' and whole and ended_at is not null and state <> 'failed' order by id desc limit 1
    ) k
    join drift d on d.check_id = k.id and d.field = 'missing'
), signs as (
    select code, sign from rarer
    union all
    select r.code, 'nobody of it has signed in for 180 days' -- many have gone quiet: it only matters beside another sign
    from (select distinct code from rarer) r
    where exists (select from membership m where m.code = r.code and m.ended_at is null)
        and not exists (
            select from membership m join account a on a.id = m.account_id
            where m.code = r.code and m.ended_at is null and a.last_active_at >= @idle_since::date::timestamp at time zone 'Europe/London')
), signed as (
    select code, bool_or(sign = 'a board says so') as said, string_agg(distinct sign, '; ' order by sign) as signs
    from signs
    group by code
    having bool_or(sign = 'a board says so') or count(distinct sign) > 1
)
select 'closed-in-reality' as kind, p.code as subject, '' as about, p.code, p.icb as board, c.said_at as since,
    jsonb_build_object('signs', g.signs) as facts
from signed g
cross join lateral (select * from profile f where f.code = g.code offset 0) p
left join closure c on c.code = g.code and c.taken_back_at is null
where p.status <> 'closed' and (g.said or not p.hidden) and c.confirmed_at is null
union all
select 'closure-confirmed', p.code, '', p.code, p.icb, c.confirmed_at,
    jsonb_build_object('day', to_char(c.confirmed_at at time zone 'Europe/London', 'FMDD FMMonth YYYY'),
        'elsewhere', coalesce('; it is followed by ' || s.name || ' (' || s.code || ')', '; the nearest of its type is ' || n.name || ' (' || n.code || ')', ''))
from closure c
cross join lateral (select * from profile f where f.code = c.code offset 0) p
left join profile s on s.code = coalesce(nullif(c.successor, ''), p.successor) and s.status <> 'closed' and not s.hidden
left join lateral (
    select q.code, q.name from profile q
    where q.type = p.type and split_part(q.postcode, ' ', 1) = split_part(p.postcode, ' ', 1) and q.code <> p.code
        and q.status <> 'closed' and q.postcode <> '' and not q.hidden
    order by left(q.postcode, -2) <> left(p.postcode, -2), q.code limit 1
) n on p.postcode <> ''
where c.taken_back_at is null and c.confirmed_at is not null and p.status <> 'closed'
