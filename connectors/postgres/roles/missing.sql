-- The rights of $1 and $2, tables and privileges beside each other, that the session's role lacks.
select r.what || ' (' || r.privilege || ')'
from unnest($1::text[], $2::text[]) as r (what, privilege)
where not case when r.privilege = 'delete' then coalesce(has_table_privilege(to_regclass(r.what), 'delete'), false)
    else coalesce(has_any_column_privilege(to_regclass(r.what), r.privilege), false) end
order by 1
