-- name: AnnounceProcess :one
-- The name is new, or announced anew after its connection was lost.
insert into process as p (name) values (@name)
on conflict on constraint process_pkey do update set seen_at = clock_timestamp() where p.ended_at is null
returning p.id;

-- name: LockProcess :exec
select pg_advisory_lock(hashtextextended('profilesync.process.' || @process::text, 0));

-- name: ShareDaemonLock :exec
select pg_advisory_lock_shared(hashtextextended('profilesync.daemon', 0));

-- name: DaemonIsRunning :one
select not pg_try_advisory_xact_lock(hashtextextended('profilesync.daemon', 0));

-- name: TerminateSession :exec
-- An earlier session of the same process, by its number and its name.
select pg_terminate_backend(a.pid) from pg_stat_activity a where a.pid = @pid::integer and a.application_name = @application;

-- name: ProcessHasEnded :one
select exists (select from process where name = @name and ended_at is not null);

-- name: SeeProcess :execrows
update process set seen_at = clock_timestamp() where name = @name and ended_at is null;

-- name: StopProcess :exec
update process set ended_at = clock_timestamp() where name = @name and ended_at is null;

-- name: NoteUnannounced :exec
-- Who works jobs and never announced itself: an earlier version of the program, or one whose entry was removed.
insert into process (name, announced)
select distinct j.attempted_by[cardinality(j.attempted_by)], false
from river.river_job j
where j.state = 'running' and j.attempted_by is not null
on conflict on constraint process_pkey do nothing;

-- name: EndGoneProcesses :exec
-- A process is gone when nobody holds its lock and it has not said for a while that it lives: one that lost its connection
-- takes the lock again within a second. While the database was down nobody could say anything.
with silent as materialized (
    select p.name from process p
    where p.ended_at is null and greatest(p.seen_at, pg_postmaster_start_time()) < clock_timestamp() - @grace::interval
        -- sessions of earlier versions carry no name: while there are any, nobody knows whose they are
        and (p.announced or not exists (
            select from pg_stat_activity a where a.application_name = 'profilesync' and a.datname = current_database()))
), gone as materialized (
    select s.name from silent s where pg_try_advisory_xact_lock(hashtextextended('profilesync.process.' || s.name, 0))
)
update process p set ended_at = clock_timestamp() from gone g where p.name = g.name and p.ended_at is null;

-- name: UnclearedProcesses :many
select name from process where ended_at is not null and cleared_at is null order by ended_at;

-- name: TerminateSessions :exec
-- Waits up to two seconds for each.
select pg_terminate_backend(a.pid, 2000) from pg_stat_activity a
where a.application_name = @application and a.datname = current_database() and a.pid <> pg_backend_pid();

-- name: CountSessions :one
select count(*) from pg_stat_activity a where a.application_name = @application and a.datname = current_database() and a.pid <> pg_backend_pid();

-- name: RecoverJobsOf :many
-- Jobs of a process that cannot finish them any more. They keep their place in the queue, and the attempt does not count: it
-- did not fail. But three times only: a job that kills whoever works it must come to an end.
update river.river_job j set
    state = case when n.often < 3 or j.attempt < j.max_attempts then 'available' else 'discarded' end::river.river_job_state,
    finalized_at = case when n.often < 3 or j.attempt < j.max_attempts then null else now() end,
    attempt = case when n.often < 3 then greatest(j.attempt - 1, 0) else j.attempt end,
    metadata = j.metadata || jsonb_build_object('recovered', n.often + 1)
from (select r.id, coalesce((r.metadata ->> 'recovered')::integer, 0) as often from river.river_job r where r.state = 'running') n
where n.id = j.id and j.state = 'running' and j.attempted_by[cardinality(j.attempted_by)] = @process::text
returning j.id, j.kind;

-- name: ClearProcess :exec
update process set cleared_at = clock_timestamp() where name = @name and ended_at is not null and cleared_at is null;

-- name: RunningJobsOf :many
-- Jobs that a process took long enough ago to know of them.
select j.id, j.kind, j.attempt from river.river_job j
where j.state = 'running' and j.attempted_by[cardinality(j.attempted_by)] = @process::text and j.attempted_at < now() - @age::interval
order by j.id;

-- name: RecoverJob :execrows
-- A job that its own process does not work: the answer to fetching it was lost.
update river.river_job j set state = 'available', attempt = greatest(j.attempt - 1, 0)
where j.id = @id and j.state = 'running' and j.attempt = @attempt and j.attempted_by[cardinality(j.attempted_by)] = @process::text;

-- name: RecordDoneJob :execrows
-- A job that its own process finished, and whose end the queue could not record.
update river.river_job j set state = 'completed', finalized_at = now()
where j.id = @id and j.state = 'running' and j.attempt = @attempt and j.attempted_by[cardinality(j.attempted_by)] = @process::text;

-- name: PruneProcesses :exec
delete from process where cleared_at < clock_timestamp() - interval '7 days';

-- name: NoteProgress :exec
insert into forward_progress (activity, at) values (@activity, clock_timestamp())
on conflict on constraint forward_progress_pkey do update set at = excluded.at;
