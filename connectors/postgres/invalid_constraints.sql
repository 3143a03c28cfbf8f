-- Constraints that are not validated: rows from before may break them.
select c.conrelid::regclass::text, c.conname::text, pg_get_expr(c.conbin, c.conrelid)
from pg_constraint c where c.connamespace = $1::regnamespace and c.contype = 'c' and not c.convalidated order by 1, 2
