-- name: LoadProfiles :many
select code, name, array_to_string(address, e'\n')::text as address, postcode, type, array_to_string(roles, '|')::text as roles,
    status, parent, commissioner, icb, region, successor, phone, email, website, description, hidden, kind
from profile where code = any(@codes::text[]);

-- name: History :many
-- The page is cut before anything is joined to it, so that it reads its own rows alone, whatever the statistics say.
select c.id, c.at, c.field, coalesce(f.owner, 'ods') as owner, coalesce(c.old, '') as old, coalesce(c.new, '') as new, c.actor, c.database_role, coalesce(c.run_id, 0)::bigint as run, c.reason
from (
    select h.id, h.at, h.field, h.old, h.new, h.actor, h.database_role, h.run_id, h.reason from change h
    where h.code = @code and h.id > @after order by h.id limit @most
) c left join field_owner f using (field)
order by c.id;

-- name: SetKind :execrows
update profile set kind = @kind where code = @code and kind <> @kind and type in ('trust', 'trust-site');

-- name: SetReason :exec
select set_config('profilesync.actor', @actor::text, true), set_config('profilesync.reason', @reason::text, true);

-- name: ProfileCodes :many
select code from profile order by code;

-- name: Areas :many
-- The codes of boards and regions that profiles have.
select icb::text as code from profile where icb <> '' union select region from profile where region <> '' order by code;

-- name: FindProfiles :many
-- By code, postcode without its spaces, or a part of the name: an exact code first, then open ones.
select code, name, postcode, type, status from profile
where code like upper(@pattern::text) or replace(postcode, ' ', '') ilike replace(@pattern::text, ' ', '') or name ilike '%' || @pattern::text
order by code = upper(rtrim(@pattern::text, '%')) desc, status <> 'open', name, code limit @most;
