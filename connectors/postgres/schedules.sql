-- name: LimitLedger :exec
-- If the process stops responding while it holds the schedules' lock, the server ends its transaction, and so frees the lock.
select set_config('idle_in_transaction_session_timeout', '10s', true), set_config('lock_timeout', '15s', true);

-- name: LockSchedules :exec
select pg_advisory_xact_lock(hashtextextended('profilesync.schedules', 0));

-- name: LastDue :one
select max(due_at)::timestamptz as due_at from schedule_run where name = @name having count(*) > 0;

-- name: InsertScheduleRun :exec
insert into schedule_run (name, due_at, job_id) values (@name, @due_at, sqlc.narg(job_id));

-- name: PruneSchedules :exec
-- Keeps each schedule's newest entry, whatever its age: the schedule continues from it.
delete from schedule_run s
where s.due_at < @before and s.due_at < (select max(n.due_at) from schedule_run n where n.name = s.name);
