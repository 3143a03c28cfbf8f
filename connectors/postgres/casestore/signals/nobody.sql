-- Open organisations with members, none of whom can be written to: they are found by those who cannot. With offset 0 each of
-- these is looked up by a key, whatever the statistics say.
select 'no-recipient' as kind, p.code as subject, '' as about, p.code, p.icb as board,
    max(greatest(a.dead_at, a.ended_at, m.started_at)) as since,
    jsonb_build_object('account', 'u-' || min(a.id)) as facts
from account a
cross join lateral (select k.code, k.started_at from membership k where k.account_id = a.id and k.ended_at is null offset 0) m
join profile p on p.code = m.code and p.status <> 'closed'
where (a.state <> 'active' or a.dead_at is not null)
    and not exists (select from closure k where k.code = p.code and k.confirmed_at is not null and k.taken_back_at is null)
    and not exists (
        select from membership o join account w on w.id = o.account_id
        where o.code = m.code and o.ended_at is null and w.state = 'active' and w.dead_at is null)
group by p.code, p.icb
