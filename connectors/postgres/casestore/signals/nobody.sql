-- Open organisations with members, none of whom can be written to: they are found by those who cannot.
select 'no-recipient' as kind, p.code as subject, '' as about, p.code, p.icb as board, max(greatest(a.dead_at, a.ended_at, m.started_at)) as since,
    jsonb_build_object('account', 'u-' || min(a.id)) as facts
from account a
join membership m on m.account_id = a.id and m.ended_at is null
join profile p on p.code = m.code and p.status <> 'closed'
where (a.state <> 'active' or a.dead_at is not null)
    and not exists (
        select from membership o join account w on w.id = o.account_id
        where o.code = m.code and o.ended_at is null and w.state = 'active' and w.dead_at is null)
group by p.code, p.icb
