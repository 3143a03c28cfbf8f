-- Accounts that nobody uses, that cannot be written to, or that did not end.
select 'accounts-withheld' as kind, (r.at at time zone 'Europe/London')::date::text as subject, '' as about, '' as code, '' as board, r.at as since,
    jsonb_build_object('ending', r.ending::text, 'accounts', r.accounts::text) as facts
from idle_run r
where r.state = 'withheld'
union all
select 'last-manager-idle', c.code, 'u-' || k.account_id, c.code, p.icb, k.at,
    jsonb_build_object('account', 'u-' || k.account_id, 'day', to_char(k.since, 'FMDD FMMonth YYYY'))
from idle_kept k
join account a on a.id = k.account_id
cross join lateral unnest(k.codes) as c (code)
join membership m on m.code = c.code and m.account_id = k.account_id and m.role = 'account-manager' and m.ended_at is null
join profile p on p.code = c.code and p.status <> 'closed'
where k.step = 'keep' and a.state = 'active' and (a.last_active_at at time zone 'Europe/London')::date <= k.since
union all
select 'letter-bounced', 'u-' || a.id, '', coalesce(o.code, ''), coalesce(o.icb, ''), a.dead_at,
    jsonb_build_object('reason', 'the mail service says that the address does not exist')
from account a
left join lateral (
    select m.code, p.icb from membership m join profile p using (code)
    where m.account_id = a.id and m.ended_at is null order by m.code limit 1
) o on true
where a.state in ('invited', 'active') and a.dead_at is not null
