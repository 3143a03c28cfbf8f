-- The database; the session's own role, whether that is a superuser, a member of the owner $1, and the database's owner;
-- which of the roles $2 exist; and whether the daemon $3 was granted the schema $4 before.
select current_database(), session_user::text, s.rolsuper,
    s.rolsuper or exists (select from pg_roles o where o.rolname = $1 and pg_has_role(session_user, o.oid, 'member')),
    s.rolsuper or exists (select from pg_database d where d.datname = current_database() and pg_has_role(session_user, d.datdba, 'member')),
    array(select r.rolname::text from pg_roles r where r.rolname = any($2::text[])),
    exists (select from pg_roles d where d.rolname = $3 and not d.rolsuper and has_schema_privilege(d.oid, to_regnamespace($4), 'usage'))
from pg_roles s where s.rolname = session_user
