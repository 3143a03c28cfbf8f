-- name: WatchDatabase :one
-- The size of the database, the connections of its server, used and allowed to ordinary roles, the daemons that live, by the
-- lock that each of them shares, and the processes that were found gone in the last hour instead of stopping.
select pg_database_size(current_database()) as bytes,
    (select count(*) from pg_stat_activity a where a.datname is not null) as used,
    (current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer)::integer as allowed,
    (select count(*)
        from pg_locks l join pg_stat_activity a on a.pid = l.pid and a.datname = current_database()
        where l.locktype = 'advisory' and l.mode = 'ShareLock' and l.granted and l.objsubid = 1
            and (l.classid::bigint << 32) + l.objid::bigint = hashtextextended('profilesync.daemon', 0)) as daemons,
    (select count(*) from process p
        where p.ended_at > clock_timestamp() - interval '1 hour' and p.ended_at - p.seen_at >= interval '4 seconds') as lost;
