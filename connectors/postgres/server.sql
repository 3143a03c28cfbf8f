-- name: LookAtServer :one
-- What the session sees of the server. Its clock is the real one, whatever present a demo plays.
select current_setting('server_version')::text as version, current_setting('server_version_num')::integer as number,
    clock_timestamp()::timestamptz as now, current_user::text as role, current_setting('max_connections')::integer as most,
    (select count(*) from pg_stat_activity a where a.backend_type = 'client backend') as sessions;
