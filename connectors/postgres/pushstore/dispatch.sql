-- name: TryLockDispatch :one
-- The transaction that writes holds the lock, so a process that loses the lock also loses its writes. If the process stops
-- responding during a round, the server ends the round.
select pg_try_advisory_xact_lock(hashtextextended('profilesync.dispatch', 0)) as locked,
    coalesce((select d.place <> this_place() from dispatch d), false)::boolean as restored,
    set_config('idle_in_transaction_session_timeout', '10s', true) as idle, set_config('lock_timeout', '10s', true) as lock;

-- name: NoteRestored :execrows
-- The database was restored from a backup: what each sink was sent since is not known, nor who was signed out.
with moved as (
    update dispatch set place = this_place()
), ended as (
    update session set data = '', ended_at = now(), expires_at = now() + interval '1 day' where ended_at is null
), locked as (
    select q.code, q.sink from push q where q.state <> 'no-route' order by q.code, q.sink for update
)
update push p set restored = true from locked l where p.code = l.code and p.sink = l.sink;

-- name: ReadChanges :execrows
-- Reads every change once. The horizon is the oldest transaction that may still be open: changes at or above it are read as
-- soon as they are visible and noted in dispatched_early, so that they are not read again before the horizon passes them.
-- A horizon of another server, from which the database was restored, counts as none: every profile is asked for once.
-- Edits wait, so that an editing session makes one push; changes by runs and closures today do not. Sinks that this process
-- is not configured for are asked for too if the profile has a push there, because each change is read only once.
with edge as (
    select case when still_counts(server, horizon) then horizon else '0' end as horizon, pg_snapshot_xmin(pg_current_snapshot()) as xmin
    from dispatch
), fresh as materialized (
    select c.id, c.code, c.xid, c.run_id is not null or case c.field
        when 'status' then c.new = 'closed'
        when 'hidden' then c.new = 'true'
        when 'dated-opening-times' then coalesce(c.new::jsonb ->> 'date' = @today::text and c.new::jsonb ->> 'opens' is null, false)
        else false end as at_once
    from change c, edge
    where c.xid >= edge.horizon and not exists (select from dispatched_early e where e.change_id = c.id)
), early as (
    insert into dispatched_early (change_id, xid) select f.id, f.xid from fresh f, edge where f.xid >= edge.xmin
), passed as (
    delete from dispatched_early e using edge where e.xid < edge.xmin
), moved as (
    update dispatch d set horizon = edge.xmin, server = this_server() from edge where edge.horizon < edge.xmin
), wanted as (
    select f.code, case when bool_or(f.at_once) then now() else now() + @edit_delay::interval end as due_at from fresh f group by f.code
)
insert into push as p (code, sink, route, state, due_at, asked)
select w.code, s.sink, way.route, case when way.route = '' then 'no-route' else 'wanted' end, case when way.route <> '' then w.due_at end, 1
from wanted w
join profile f using (code)
cross join lateral (select unnest(@sinks::text[]) as sink union select q.sink from push q where q.code = w.code) s
left join (select unnest(@route_sinks::text[]) as sink, unnest(@route_types::text[]) as type, unnest(@routes::text[]) as route) r
    on r.sink = s.sink and r.type = f.type
left join push known on known.code = w.code and known.sink = s.sink
cross join lateral (select coalesce(case when s.sink = any(@sinks::text[]) then r.route else known.route end, '') as route) way
order by w.code, s.sink -- the order in which all statements lock pushes
on conflict (code, sink) do update set
    asked = p.asked + 1, -- once per round: loading the push reads this together with the changed values
    wanted_at = now(), route = excluded.route, state = excluded.state, -- HoldPushes holds it again in the same transaction
    due_at = case excluded.state when 'wanted' then greatest(least(p.due_at, excluded.due_at), p.not_before) end;

-- name: EnrolRoutes :exec
insert into route (sink, route) select distinct unnest(@sinks::text[]), unnest(@routes::text[]) on conflict do nothing;

-- name: EnrolProfiles :execrows
-- Asks for a push of every profile to each newly configured sink, and to each sink that now accepts the profile's type.
insert into push as p (code, sink, route, state, due_at)
select f.code, s.sink, coalesce(r.route, ''), case when r.route is null then 'no-route' else 'wanted' end, case when r.route is not null then now() end
from profile f
cross join unnest(@sinks::text[]) as s (sink)
left join (select unnest(@route_sinks::text[]) as sink, unnest(@route_types::text[]) as type, unnest(@routes::text[]) as route) r
    on r.sink = s.sink and r.type = f.type
left join push known on known.code = f.code and known.sink = s.sink
where known.code is null or (known.state = 'no-route') <> (r.route is null)
order by f.code, s.sink
on conflict (code, sink) do update set wanted_at = now(), route = excluded.route, state = excluded.state, due_at = excluded.due_at;

-- name: HoldPushes :exec
-- Pushes to a sink wait while a person holds the profile for it. When a hold ends, of a field too, the pushes are due again.
with holding as (
    select distinct h.code, h.sink from hold h
    where h.sink is not null and h.removed_at is null and (h.until is null or h.until >= @today::date)
), ended as (
    update hold h set followed = true
    where h.field is not null and not h.followed and (h.removed_at is not null or h.until < @today::date)
    returning h.code
), followed as (
    update push p set state = 'wanted', wanted_at = now(), due_at = greatest(now(), p.not_before)
    from (select distinct e.code from ended e) e
    where p.code = e.code and p.state not in ('held', 'no-route') and not exists (select from holding h where h.code = p.code and h.sink = p.sink)
), held as (
    update push p set state = 'held', due_at = null from holding h
    where p.code = h.code and p.sink = h.sink and p.state not in ('held', 'no-route') and p.job_id is null
)
update push p set state = 'wanted', wanted_at = now(), due_at = now()
where p.state = 'held' and not exists (select from holding h where h.code = p.code and h.sink = p.sink);

-- name: FollowedHolidays :one
select holidays from dispatch;

-- name: FollowHolidays :execrows
-- Makes due the pushes of profiles with hours for bank holidays.
with followed as (
    update dispatch set holidays = @holidays
), locked as (
    select q.code, q.sink from push q
    where q.code in (select o.code from opening_period o where o.day = 'bank-holiday') and q.state not in ('held', 'no-route')
    order by q.code, q.sink for update
)
update push p set state = 'wanted', wanted_at = now(), due_at = greatest(now(), p.not_before)
from locked l
where p.code = l.code and p.sink = l.sink;

-- name: FindLostPushes :exec
-- Makes due again the pushes of jobs that were cancelled or discarded, and of commands that were killed: a command has
-- the negative number of its process as its job. Jobs of a process that has ended are recovered elsewhere (RecoverJobsOf).
update push p set job_id = null, due_at = coalesce(p.due_at, now())
where p.job_id > 0 and not exists (
        select from river.river_job j
        where j.id = p.job_id and j.state in ('available', 'pending', 'retryable', 'running', 'scheduled'))
    or p.job_id < 0 and not exists (select from process c where c.id = -p.job_id and c.ended_at is null);

-- name: DuePushes :many
-- A paused route gets one push at a time as a probe, when probe_at has come.
with open as (
    select s.sink, s.route, s.paused, (case when s.paused = '' then sqlc.arg(most)::integer - (select count(*) from push q where q.sink = s.sink and q.route = s.route and q.job_id is not null)
        when s.probe_at <= now() and not exists (select from push q where q.sink = s.sink and q.route = s.route and q.job_id is not null) then 1 else 0 end)::bigint as room
    from route s where s.sink = any(@sinks::text[])
)
select d.code, o.sink, (o.paused <> '')::boolean as probe
from open o cross join lateral (
    select p.code from push p
    where p.sink = o.sink and p.route = o.route and p.due_at <= now() and p.job_id is null
    order by p.due_at limit greatest(o.room, 0)
) d;

-- name: PushCauses :many
-- The newest change of each profile, if it asked for the push and was not answered yet; of a run's change, the job that
-- worked the run.
select (case when j.id is not null then 'job' when c.id is not null then 'edit' else '' end)::text as kind,
    coalesce(j.id, c.id, 0)::bigint as id, coalesce(j.created_at, c.at, now())::timestamptz as at,
    coalesce(j.metadata ->> 'traceparent', '')::text as trace
from (select unnest(@codes::text[]) as code, unnest(@sinks::text[]) as sink, generate_subscripts(@codes::text[], 1) as n) q
left join push p on p.code = q.code and p.sink = q.sink
left join lateral (select n.id, n.at, n.run_id from change n where n.code = q.code and p.asked > p.answered order by n.id desc limit 1) c on true
left join run r on r.id = c.run_id
left join river.river_job j on j.id = r.job_id
order by q.n;

-- name: SetPushJobs :exec
update push p set job_id = q.job_id, due_at = null
from (select unnest(@codes::text[]) as code, unnest(@sinks::text[]) as sink, unnest(@jobs::bigint[]) as job_id) q
where p.code = q.code and p.sink = q.sink;

-- name: NextDue :one
-- Seconds until the next push is due, at least 0; -1 if there is none.
select (case count(*) when 0 then -1
    else greatest(extract(epoch from min(greatest(d.due_at, case when s.paused <> '' then s.probe_at end)) - clock_timestamp()), 0) end)::double precision as seconds
from route s cross join lateral (
    select p.due_at from push p where p.sink = s.sink and p.route = s.route and p.due_at is not null and p.job_id is null order by p.due_at limit 1
) d
where s.sink = any(@sinks::text[]);

-- name: NoteProgress :exec
insert into forward_progress (activity, at) values (@activity, clock_timestamp())
on conflict on constraint forward_progress_pkey do update set at = excluded.at;
