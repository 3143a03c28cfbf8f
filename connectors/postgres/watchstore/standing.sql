-- name: StandingNow :one
-- The present as all other tables know it.
select clock()::timestamptz as at;

-- name: StandingListings :many
select source, report, as_of, records from listing order by source, report;

-- name: StandingWatermarks :many
select source, stream, until from watermark order by source, stream;

-- name: StandingWithheld :one
-- What awaits a decision, of all runs; since the end of the run that withheld the first of it.
select count(*) as rows, count(distinct p.run_id) as runs, min(coalesce(r.ended_at, r.started_at))::timestamptz as since
from plan_row p join run r on r.id = p.run_id
where p.waits;

-- name: StandingCases :one
select count(*) filter (where state = 'open') as open, count(*) filter (where state = 'open' and deadline < (clock() at time zone 'Europe/London')::date) as overdue,
    count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'set-aside') as set_aside,
    (min(opened_at) filter (where state = 'open'))::timestamptz as since
from cases where state <> 'gone';

-- name: StandingClosures :one
-- What a board said has closed, and nobody has confirmed or taken back.
select count(*) as closures, min(said_at)::timestamptz as since from closure where taken_back_at is null and confirmed_at is null;

-- name: StandingPushes :many
-- Only open pushes, which an index holds.
select sink, state, count(*) as pushes, min(wanted_at)::timestamptz as since
from push
where state in ('wanted', 'refused', 'waits', 'held')
group by sink, state
order by sink, state;

-- name: StandingPaused :many
select sink, route, paused, paused_at::timestamptz as since from route where paused <> '' order by sink, route;

-- name: StandingDrift :many
-- The newest check of all profiles, for each sink, with the fields that differed.
select distinct on (c.sink) c.sink, c.state, c.checked, c.missing, c.drifted, c.ended_at::timestamptz as at,
    (select count(*) from drift d where d.check_id = c.id and d.field <> 'unreadable') as fields
from drift_check c
where c.whole and c.ended_at is not null
order by c.sink, c.id desc;

-- name: StandingLetters :one
-- Those that wait, by their indexes; those that did not arrive among the newest 20,000, for a week.
select ((select count(*) from letter w where w.state = 'due') + (select count(*) from letter w where w.state = 'claimed'))::bigint as waiting,
    (select count(*) from letter n where n.id > (select coalesce(max(m.id), 0) - 20000 from letter m) and n.made_at >= clock() - interval '7 days'
        and n.state in ('refused', 'failed', 'bounced', 'dead')) as refused;

-- name: StandingReport :many
-- The newest report, or none.
select r.day, r.frozen_at as at, r.rows, (select count(*) from report_delivery d where d.report_id = r.id) as deliveries
from report r order by r.day desc limit 1;

-- name: StandingProcesses :many
-- Every process that has not ended. A daemon's session holds the lock of daemons.
select p.name, p.started_at, p.seen_at, (p.seen_at < clock_timestamp() - @grace::interval)::boolean as silent, exists (
    select from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and a.datname = current_database() and a.application_name = 'profilesync/' || p.name
        and ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended('profilesync.daemon', 0)) as daemon
from process p
where p.ended_at is null
order by p.name;

-- name: StandingCalendar :one
-- When the official list was last read, and the last day that it names; nothing if it never was.
select max(last_seen)::timestamptz as read_at, (max(date) filter (where vanished_at is null))::date as until from holiday;
