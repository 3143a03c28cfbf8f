-- Accounts that nobody uses, that cannot be written to, or that did not end.
select 'accounts-withheld' as kind, 'all' as subject, '' as about, '' as code, '' as board, null::timestamptz as since,
    jsonb_build_object('ending', r.ending::text, 'accounts', r.accounts::text, 'look', r.id::text,
        'day', to_char(r.at at time zone 'Europe/London', 'FMDD FMMonth YYYY')) as facts
from (select * from idle_run where state = 'withheld' order by id desc limit 1) r
union all
select 'last-manager-idle', c.code, 'u-' || k.account_id, c.code, p.icb, k.at,
    jsonb_build_object('account', 'u-' || k.account_id, 'day', to_char(k.since, 'FMDD FMMonth YYYY'))
from idle_kept k
join account a on a.id = k.account_id
cross join lateral unnest(k.codes) as c (code)
join membership m on m.code = c.code and m.account_id = k.account_id and m.role = 'account-manager' and m.ended_at is null
join profile p on p.code = c.code and p.status <> 'closed'
where k.step = 'keep' and a.state = 'active' and (a.last_active_at at time zone 'Europe/London')::date <= k.since
    and not exists (select from closure q where q.code = p.code and q.confirmed_at is not null and q.taken_back_at is null)
union all
select 'letter-bounced', 'u-' || b.id, '', coalesce(o.code, ''), coalesce(o.icb, ''), b.since, jsonb_build_object('reason', b.reason)
from (
    select id, dead_at as since, 'the mail service says that the address does not exist' as reason
    from account where dead_at is not null and state in ('invited', 'active')
    union all
    select a.id, min(l.accepted_at), 'one after the other comes back'
    from (select account_id from letter where state = 'bounced' group by account_id having count(*) > 1) twice
    join letter l on l.account_id = twice.account_id and l.state = 'bounced'
    join account a on a.id = l.account_id
    where a.dead_at is null and a.state in ('invited', 'active')
        and not exists (select from letter d where d.account_id = l.account_id and d.state = 'delivered' and d.accepted_at > l.accepted_at)
        and not exists (select from account_change e where e.account_id = l.account_id and e.what = 'email' and e.at > l.accepted_at)
    group by a.id having count(*) > 1
) b
left join lateral (
    select m.code, p.icb from membership m join profile p using (code)
    where m.account_id = b.id and m.ended_at is null order by m.code limit 1
) o on true
