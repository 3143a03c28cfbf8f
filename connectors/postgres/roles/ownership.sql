-- The statements that give everything in the schemas $2 to the role $1, where another owns it.
with ours as (select oid, nspname, nspowner from pg_namespace where nspname = any($2)),
owner as (select coalesce((select oid from pg_roles where rolname = $1), 0) as oid)
select format('alter schema %I owner to %I', n.nspname, $1::text) from ours n, owner o where n.nspowner <> o.oid
union all
select format('alter %s %s owner to %I', case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
    c.oid::regclass, $1::text)
from pg_class c join ours n on n.oid = c.relnamespace, owner o
where c.relowner <> o.oid and c.relkind in ('r', 'p', 'v', 'S')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') and c.relkind = 'S')
union all
select format('alter function %s owner to %I', p.oid::regprocedure, $1::text)
from pg_proc p join ours n on n.oid = p.pronamespace, owner o where p.proowner <> o.oid
union all
select format('alter type %s owner to %I', t.oid::regtype, $1::text)
from pg_type t join ours n on n.oid = t.typnamespace, owner o where t.typowner <> o.oid and t.typtype in ('e', 'd')
