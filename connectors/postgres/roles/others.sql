-- The roles, other than $1, that may use one of the schemas $2, and do not own it.
select distinct r.rolname::text from pg_namespace n
cross join lateral aclexplode(n.nspacl) a
join pg_roles r on r.oid = a.grantee
where n.nspname = any($2::text[]) and a.grantee <> n.nspowner and r.rolname <> all($1::text[]) order by 1
