-- name: ForwardProgress :many
-- Seconds since each activity last made progress.
select activity, greatest(extract(epoch from clock_timestamp() - at), 0)::float8 as age_seconds from forward_progress order by activity;

-- name: RouteProgress :many
-- For each route that is not paused, in seconds: how long its oldest push has been due, or the oldest job of its pushes
-- available; and how long ago any of its pushes was tried, at most 600.
select r.sink, r.route, (extract(epoch from clock_timestamp() - d.due_at))::float8 as due_seconds,
    coalesce(extract(epoch from clock_timestamp() - t.at), 600)::float8 as tried_seconds
from route r
cross join lateral (select min(w.due_at) as due_at from (
    (select p.due_at from push p where p.sink = r.sink and p.route = r.route and p.due_at <= now() and p.job_id is null order by p.due_at limit 1)
    union all
    (select j.scheduled_at from push p join river.river_job j on j.id = p.job_id
    where p.sink = r.sink and p.route = r.route and p.job_id is not null and j.state = 'available' and j.scheduled_at <= now() order by j.scheduled_at limit 1)) w) d
left join lateral (
    select a.at from push_attempt a join push p on p.code = a.code and p.sink = a.sink
    where a.sink = r.sink and p.route = r.route and a.at > now() - interval '10 minutes' order by a.at desc limit 1) t on true
where r.paused = '' and d.due_at is not null
order by r.sink, r.route;

-- name: JobsWithoutWorker :one
-- Running jobs whose process has ended, and the age in seconds of the oldest.
select count(*) as jobs, coalesce(max(extract(epoch from clock_timestamp() - j.attempted_at)), 0)::float8 as oldest_seconds
from river.river_job j
where j.state = 'running' and not exists (
    select from process p where p.name = j.attempted_by[cardinality(j.attempted_by)] and p.ended_at is null);
