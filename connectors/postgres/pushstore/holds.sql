-- name: InsertHold :one
-- Asking for an identical hold again returns the existing one: if there were two, ending one would leave the other in force.
-- The audit is told who it is by the same statement.
with there as (
    select h.id from hold h
    where h.code = @code and h.field is not distinct from sqlc.narg(field) and h.sink is not distinct from sqlc.narg(sink)
        and h.until is not distinct from @until and h.reason = @reason and h.actor = @actor and h.removed_at is null
), added as (
    insert into hold (code, field, sink, until, reason, actor)
    select @code, sqlc.narg(field), sqlc.narg(sink), @until, @reason, set_config('profilesync.actor', @actor::text, true) where not exists (select from there)
    returning id
)
select id from there union all select id from added order by id limit 1;

-- name: RemoveHold :execrows
update hold set removed_at = clock(), removed_by = set_config('profilesync.actor', @actor::text, true) where id = @id and removed_at is null;

-- name: ListHolds :many
select h.id, h.code, p.name, coalesce(h.field, '')::text as field, coalesce(h.sink, '')::text as sink, h.until, h.reason, h.actor, h.at,
    h.removed_at as removed, coalesce(h.removed_by, '')::text as removed_by
from hold h join profile p using (code)
where (@ended::boolean or h.removed_at is null and (h.until is null or h.until >= @today::date)) and (@code::text = '' or h.code = @code)
order by h.id;
