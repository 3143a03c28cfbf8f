-- name: InsertHold :one
insert into hold (code, field, sink, until, reason, actor) values (@code, @field, @sink, @until, @reason, @actor) returning id;

-- name: RemoveHold :execrows
update hold set removed_at = clock(), removed_by = @actor where id = @id and removed_at is null;

-- name: ListHolds :many
select h.id, h.code, p.name, coalesce(h.field, '')::text as field, coalesce(h.sink, '')::text as sink, h.until, h.reason, h.actor, h.at,
    h.removed_at, coalesce(h.removed_by, '')::text as removed_by
from hold h join profile p using (code)
where (@ended::boolean or h.removed_at is null and (h.until is null or h.until >= @today::date)) and (@code::text = '' or h.code = @code)
order by h.id;
