-- name: AnnounceProcess :one
-- Adds the process, or renews it after its connection was lost. Returns no row if it has ended.
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
-- Ends an earlier session of the same process, given its pid and its name.
select pg_terminate_backend(a.pid) from pg_stat_activity a where a.pid = @pid::integer and a.application_name = @application;

-- name: ProcessHasEnded :one
select exists (select from process where name = @name and ended_at is not null);

-- name: SeeProcess :execrows
update process set seen_at = clock_timestamp() where name = @name and ended_at is null;

-- name: StopProcess :exec
update process set ended_at = clock_timestamp() where name = @name and ended_at is null;

-- name: NoteUnannounced :exec
-- Adds processes that work jobs but never announced themselves: earlier versions of the program, or processes whose entry
-- was removed.
insert into process (name, announced)
select distinct j.attempted_by[cardinality(j.attempted_by)], false
from river.river_job j
where j.state = 'running' and j.attempted_by is not null
on conflict on constraint process_pkey do nothing;

-- name: EndGoneProcesses :exec
-- A process is gone when its lock is free and it has not renewed its entry for a while: a process that lost its connection
-- takes the lock again within a second. The time during which the database was down does not count. Who is silent itself
-- judges nobody, not even itself: the statement may arrive late, after an outage that it was sent in.
with silent as materialized (
    select p.name from process p
    where p.ended_at is null and greatest(p.seen_at, pg_postmaster_start_time()) < clock_timestamp() - @grace::interval
        and not exists (select from process me where me.name = @judge and me.seen_at < clock_timestamp() - @grace::interval)
        -- sessions of earlier versions carry no process name: while there are any, it is not known whose they are
        and (p.announced or not exists (
            select from pg_stat_activity a where a.application_name = 'profilesync' and a.datname = current_database()))
), gone as materialized (
    select s.name from silent s where pg_try_advisory_xact_lock(hashtextextended('profilesync.process.' || s.name, 0))
)
update process p set ended_at = clock_timestamp() from gone g where p.name = g.name and p.ended_at is null;

-- name: UnclearedProcesses :many
select name from process where ended_at is not null and cleared_at is null order by ended_at;

-- name: TerminateSessions :exec
-- Waits up to two seconds for each session to end.
select pg_terminate_backend(a.pid, 2000) from pg_stat_activity a
where a.application_name = @application and a.datname = current_database() and a.pid <> pg_backend_pid();

-- name: CountSessions :one
select count(*) from pg_stat_activity a where a.application_name = @application and a.datname = current_database() and a.pid <> pg_backend_pid();

-- name: RecoverJobsOf :many
-- Makes the jobs of a process that has ended available again. They keep their place in the queue, and the attempt does not
-- count, because it did not fail. After three times it counts, so that a job that kills every process that works it ends.
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
-- Running jobs that the process fetched long enough ago to know of them.
select j.id, j.kind, j.attempt from river.river_job j
where j.state = 'running' and j.attempted_by[cardinality(j.attempted_by)] = @process::text and j.attempted_at < now() - @age::interval
order by j.id;

-- name: RecoverJob :execrows
-- Makes available a job that its own process is not working, because the answer to fetching it was lost.
update river.river_job j set state = 'available', attempt = greatest(j.attempt - 1, 0)
where j.id = @id and j.state = 'running' and j.attempt = @attempt and j.attempted_by[cardinality(j.attempted_by)] = @process::text;

-- name: RecordDoneJob :execrows
-- Completes a job that its own process finished but could not record as completed.
update river.river_job j set state = 'completed', finalized_at = now()
where j.id = @id and j.state = 'running' and j.attempt = @attempt and j.attempted_by[cardinality(j.attempted_by)] = @process::text;

-- name: PruneProcesses :exec
delete from process where cleared_at < clock_timestamp() - interval '7 days';

-- name: NoteProgress :exec
insert into forward_progress (activity, at) values (@activity, clock_timestamp())
on conflict on constraint forward_progress_pkey do update set at = excluded.at;

-- name: OwnsAudit :one
-- Whether the session could change the audit: as its owner, or as a superuser.
select has_table_privilege('change', 'truncate') as owns;

-- name: IsDaemon :one
-- Whether the database believes what the session says of its runs.
select is_daemon()::boolean as believed;
