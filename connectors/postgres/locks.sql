-- name: UnlockAll :exec
select pg_advisory_unlock_all();

-- name: TryLockMigrations :one
select pg_try_advisory_lock(hashtextextended('profilesync.migrate', 0));
