-- The database, the session's own role, whether that is a superuser, and whether it is a member of the owner $1, whether
-- it owns the database, and which of the roles $2 exist.
select current_database(), session_user::text, s.rolsuper,
    s.rolsuper or exists (select from pg_roles o where o.rolname = $1 and pg_has_role(session_user, o.oid, 'member')),
    s.rolsuper or exists (select from pg_database d where d.datname = current_database() and pg_has_role(session_user, d.datdba, 'member')),
    array(select r.rolname::text from pg_roles r where r.rolname = any($2::text[]))
from pg_roles s where s.rolname = session_user
