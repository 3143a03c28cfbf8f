-- The roles, other than $1, that have rights in one of the schemas $2, and own nothing there; with the statements that take
-- those rights.
with given as (
    select n.nspname, n.nspowner as owner, a.grantee from pg_namespace n cross join lateral aclexplode(n.nspacl) a
    union all
    select n.nspname, c.relowner, a.grantee
    from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) a
    union all
    select n.nspname, c.relowner, a.grantee
    from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace
    cross join lateral aclexplode(t.attacl) a
    union all
    select n.nspname, p.proowner, a.grantee
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace cross join lateral aclexplode(p.proacl) a
), others as (
    select distinct r.rolname::text as name from given g join pg_roles r on r.oid = g.grantee
    where g.nspname = any($2::text[]) and g.grantee <> g.owner and r.rolname <> all($1::text[])
)
select o.name, string_agg(format('revoke all on %s %s from %I;', k.kind, k.named, o.name), ' ' order by k.n) as statements
from others o
cross join lateral (values
    (1, 'all tables in schema', array_to_string($2::text[], ', ')), (2, 'all sequences in schema', array_to_string($2::text[], ', ')),
    (3, 'all functions in schema', array_to_string($2::text[], ', ')), (4, 'schema', array_to_string($2::text[], ', ')),
    (5, 'database', quote_ident(current_database()))
) k (n, kind, named)
group by o.name order by o.name
