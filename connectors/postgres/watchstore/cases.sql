-- name: WatchCases :many
-- The cases that stand. A case that waits, or was set aside, is not overdue.
select kind, state, count(*) as cases, extract(epoch from clock() - min(opened_at))::double precision as oldest_seconds,
    count(*) filter (where state = 'open' and deadline < (clock() at time zone 'Europe/London')::date) as overdue
from cases
where state <> 'gone'
group by kind, state
order by kind, state;
