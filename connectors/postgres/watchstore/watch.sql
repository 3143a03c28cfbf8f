-- name: WatchQueues :many
-- Only live states, which the queue's fetch index holds: counting finished jobs too would cost 200 times as much.
select queue, state::text as state, count(*) as jobs,
    extract(epoch from now() - min(scheduled_at))::double precision as oldest_seconds
from river.river_job
where state in ('available', 'pending', 'retryable', 'running', 'scheduled')
group by queue, river_job.state
order by queue, state;

-- name: WatchWithheld :many
-- What waits for a person, of all runs; late is what was withheld first more than a working day ago. On a day that is off
-- the last working day counts as over, so that what came on a Friday is late on Monday at the same hour.
with day as materialized (
    select (clock() at time zone 'Europe/London') as at
), working as materialized (
    select d::date as date
    from day, generate_series(day.at::date - 14, day.at::date, interval '1 day') as d
    where extract(isodow from d) < 6 and not exists (select from holiday h where h.date = d::date)
    order by d desc limit 2
), limits as materialized (
    select (case when max(w.date) = max(day.at::date) then min(w.date) + max(day.at::time) else max(w.date)::timestamp end)
        at time zone 'Europe/London' as late_before
    from working w, day
)
select r.source, r.report, p.withheld as reason, count(*) as rows, count(*) filter (where s.created_at < l.late_before) as late
from plan_row p
cross join limits l
join run r on r.id = p.run_id
join run s on s.id = coalesce(p.since_run, p.run_id)
where p.waits
group by r.source, r.report, p.withheld
order by r.source, r.report, p.withheld;

-- name: WatchWatermarks :many
-- The age of the start of the last day that was pulled.
select source, stream, extract(epoch from clock() - until::timestamp at time zone 'Europe/London')::double precision as age_seconds
from watermark
order by source, stream;

-- name: WatchListings :many
-- From the beginning of the day that a listing speaks of, whenever it was read.
select source, report, extract(epoch from clock() - as_of::timestamp at time zone 'Europe/London')::double precision as age_seconds
from listing
order by source, report;

-- name: WatchQuarantine :many
-- Counts records seen since the run of the last accepted listing began: rows that it did not see again are gone from the
-- register. All rows count for a report that never had a listing.
with listed as (
    select distinct on (l.source, l.report) l.source, l.report, r.started_at
    from listing l
    join run r on r.source = l.source and r.report = l.report
    where r.kind = 'listing' and r.state in ('done', 'withheld') and r.ended_at <= l.accepted_at
    order by l.source, l.report, r.id desc
)
select q.source, q.report, count(*) as records
from quarantine q
left join listed l on l.source = q.source and l.report = q.report
where l.started_at is null or q.last_seen >= l.started_at
group by q.source, q.report
order by q.source, q.report;

-- name: WatchProfiles :many
-- The slowest of these queries: 50 of the 60 ms of all, with 300,000 profiles.
select type, count(*) as profiles from profile where status <> 'closed' group by type order by type;

-- name: WatchPushes :many
-- Only open pushes, which an index holds.
select sink, route, state, count(*) as pushes, extract(epoch from now() - min(wanted_at))::double precision as oldest_seconds
from push
where state in ('wanted', 'refused', 'waits', 'held')
group by sink, route, state
order by sink, route, state;

-- name: WatchLeftOut :many
select p.sink, (x ->> 'field')::text as field, count(*) as pushes
from push p cross join lateral jsonb_array_elements(p.left_out) as x
where p.left_out <> '[]'
group by p.sink, x ->> 'field'
order by p.sink, x ->> 'field';

-- name: WatchPaused :many
select sink, route, paused, extract(epoch from now() - paused_at)::double precision as paused_seconds
from route
where paused <> ''
order by sink, route;

-- name: WatchDrift :many
-- The newest check of all profiles that came to its end, for each sink. One that failed says nothing of the sink.
select distinct on (sink) sink, state, missing, drifted, not_visible, extract(epoch from now() - ended_at)::double precision as age_seconds
from drift_check
where whole and state in ('done', 'alarm')
order by sink, id desc;

-- name: WatchDriftFailed :many
-- Since when every check of all profiles has failed, for each sink of which none ever came to its end.
select c.sink, extract(epoch from now() - min(c.started_at))::double precision as age_seconds
from drift_check c
where c.whole and c.state = 'failed'
    and not exists (select from drift_check e where e.sink = c.sink and e.whole and e.state in ('done', 'alarm'))
group by c.sink
order by c.sink;

-- name: WatchFindings :many
select kind, owner, count(*) as findings from quality_finding where gone_at is null group by kind, owner order by kind, owner;

-- name: WatchQuality :many
-- The newest quality check of all pharmacies.
select state, unreadable, extract(epoch from now() - ended_at)::double precision as age_seconds
from quality_check
where whole and ended_at is not null
order by id desc limit 1;

-- name: WatchRuns :many
select source, state, count(*) as runs from run
where state in ('queued', 'running')
group by source, state
order by source, state;

-- name: WatchSchedules :many
select name, extract(epoch from clock() - max(due_at))::double precision as age_seconds
from schedule_run
group by name
order by name;

-- name: CountServices :many
select state, count(*) as services from ers_service group by state order by state;
