-- name: UnlockAll :exec
select pg_advisory_unlock_all();

-- name: TryLockMigrations :one
select pg_try_advisory_lock(hashtextextended('profilesync.migrate', 0));

-- name: ServerSession :one
-- The server's own session behind this connection: its process is reused, the
-- moment of its start is not.
select concat(a.pid, ' since ', a.backend_start)::text as session from pg_stat_activity a where a.pid = pg_backend_pid();
