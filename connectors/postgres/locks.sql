-- name: UnlockAll :exec
select pg_advisory_unlock_all();

-- name: TryLockMigrations :one
select pg_try_advisory_lock(hashtextextended('profilesync.migrate', 0));

-- name: MarkAsPlayed :exec
create or replace function plays_now() returns boolean language sql immutable return true;

-- name: PlaysNow :one
select plays_now() as plays;

-- name: SchemaExists :one
select (to_regnamespace(@name::text) is not null)::boolean as found;

-- name: ServerSession :one
-- The server's own session behind this connection: its process is reused, the
-- moment of its start is not.
select concat(a.pid, ' since ', a.backend_start)::text as session from pg_stat_activity a where a.pid = pg_backend_pid();
