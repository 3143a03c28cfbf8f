-- Whether rights were granted to the daemon before.
select exists (select from pg_roles where rolname = $1 and not rolsuper and has_schema_privilege(oid, $2, 'usage'))
