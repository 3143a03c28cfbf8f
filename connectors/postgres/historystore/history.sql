-- name: Parts :many
-- The parts of a profile, as the audit writes them.
select 'opening-times'::text as field, part_of(to_jsonb(o))::text as part from opening_period o where o.code = @code
union all
select 'dated-opening-times', part_of(to_jsonb(d))::text from dated_opening_period d where d.code = @code
union all
select 'facilities', part_of(to_jsonb(f))::text from facility f where f.code = @code
union all
select case s.source when 'ers' then 'ers-services' else 'services' end, part_of(to_jsonb(s))::text from service s where s.code = @code
union all
select 'service-texts', part_of(to_jsonb(t))::text from service_text t where t.code = @code;

-- name: Changes :many
-- The audit of a profile. The rows of a field, and of a part, were numbered in the order in which they were written.
select c.id, c.xid::text as transaction, c.at, c.field, coalesce(c.old, '')::text as old, coalesce(c.new, '')::text as new, c.actor,
    c.database_role, coalesce(c.run_id, 0)::bigint as run, c.reason
from change c
where c.code = @code
order by c.id;
