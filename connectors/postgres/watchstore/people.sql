-- name: CountPeople :many
-- Accounts by state; besides these, those whose ending is withheld, or was prevented (kept, held), for as long as that is so.
select state, count(*) as accounts from account group by state
union all
select 'withheld', count(*) from idle_ending e join idle_run r on r.id = e.run_id where r.state = 'withheld' having count(*) > 0
union all
select case k.step when 'keep' then 'kept' else 'held' end, count(*)
from idle_kept k join account a on a.id = k.account_id
where a.state = 'active' and (a.last_active_at at time zone 'Europe/London')::date <= k.since
group by k.step
order by state;

-- name: CalendarState :one
select coalesce(extract(epoch from now() - max(last_seen)), -1)::float8 as age, count(*) filter (where vanished_at is not null and date >= current_date) as vanished
from holiday;

-- name: CountLetters :many
select kind, state, count(*) as letters from letter
where state in ('due', 'claimed', 'unclear') or made_at >= clock() - interval '1 day'
group by kind, state order by kind, state;

-- name: MailGate :one
select stopped_at, stopped_by, paused_until, reason, coalesce(extract(epoch from now() - stopped_at), 0)::float8 as since,
    coalesce(extract(epoch from paused_until - now()), 0)::float8 as left, (stopped_at is null and (paused_until is null or paused_until <= now()))::boolean as open
from mail_gate;
