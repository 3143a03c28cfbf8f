-- Becomes the owner of the schema, where another role owns it.
select set_config('role', pg_get_userbyid(nspowner), false) from pg_namespace
where nspname = $1 and pg_get_userbyid(nspowner) <> current_user
