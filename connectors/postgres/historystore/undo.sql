-- name: TryLockRuns :one
-- Keeps runs of a register from planning from what is being taken back. Whoever works one is not waited for, nor is one that
-- was killed while it applied its plan: it will go on.
select (pg_try_advisory_xact_lock(hashtextextended('profilesync.run.' || @source::text, 0))
    and not exists (select from run r where r.source = @source and r.state = 'running' and r.planned))::boolean as locked;

-- name: LockProfile :execrows
select from profile where code = @code for update;

-- name: SetWriter :exec
select set_config('profilesync.actor', @actor::text, true), set_config('profilesync.reason', @reason::text, true);

-- name: RestoreValues :execrows
-- The profile is locked, and was read since.
update profile p set
    name = coalesce(v.name, p.name),
    address = coalesce(string_to_array(v.address, e'\n'), p.address),
    postcode = coalesce(v.postcode, p.postcode),
    type = coalesce(v.type, p.type),
    roles = coalesce(string_to_array(v.roles, '|'), p.roles),
    status = coalesce(v.status, p.status),
    parent = coalesce(v.parent, p.parent),
    commissioner = coalesce(v.commissioner, p.commissioner),
    icb = coalesce(v.icb, p.icb),
    region = coalesce(v.region, p.region),
    successor = coalesce(v.successor, p.successor),
    phone = coalesce(v.phone, p.phone),
    email = coalesce(v.email, p.email),
    website = coalesce(v.website, p.website),
    description = coalesce(v.description, p.description),
    hidden = coalesce(v.hidden, p.hidden),
    kind = coalesce(v.kind, p.kind)
from jsonb_to_record(@former::jsonb) as v (name text, address text, postcode text, type text, roles text, status text, parent text,
    commissioner text, icb text, region text, successor text, phone text, email text, website text, description text, hidden boolean, kind text)
where p.code = @code;

-- name: RemovePart :one
-- Removes one part, if it still is what was read.
with a as (
    delete from opening_period where id = (select o.id from opening_period o
        where @field::text = 'opening-times' and o.code = @code and part_of(to_jsonb(o)) = @part::jsonb limit 1) returning id
), b as (
    delete from dated_opening_period where id = (select o.id from dated_opening_period o
        where @field::text = 'dated-opening-times' and o.code = @code and part_of(to_jsonb(o)) = @part::jsonb limit 1) returning id
), c as (
    delete from facility where id = (select o.id from facility o
        where @field::text = 'facilities' and o.code = @code and part_of(to_jsonb(o)) = @part::jsonb limit 1) returning id
), d as (
    delete from service where id = (select o.id from service o
        where @field::text = 'services' and o.source = 'editor' and o.code = @code and part_of(to_jsonb(o)) = @part::jsonb limit 1) returning id
), e as (
    delete from service_text where id = (select o.id from service_text o
        where @field::text = 'service-texts' and o.code = @code and part_of(to_jsonb(o)) = @part::jsonb limit 1) returning id
)
select count(*)::integer from (
    select id from a union all select id from b union all select id from c union all select id from d union all select id from e
) removed;

-- name: AddPart :exec
with a as (
    insert into opening_period (code, day, opens, closes)
    select @code, x.day, x.opens, x.closes from jsonb_to_record(@part::jsonb) as x (day text, opens time, closes time)
    where @field::text = 'opening-times'
), b as (
    insert into dated_opening_period (code, date, opens, closes)
    select @code, x.date, x.opens, x.closes from jsonb_to_record(@part::jsonb) as x (date date, opens time, closes time)
    where @field::text = 'dated-opening-times'
), c as (
    insert into facility (code, name, value)
    select @code, x.name, x.value from jsonb_to_record(@part::jsonb) as x (name text, value text)
    where @field::text = 'facilities'
), d as (
    insert into service (code, source, name, nhs_code, kind, specialty, hours, instructions, booking, contacts, withdrawn)
    select @code, 'editor', x.name, coalesce(x.nhs_code, ''), coalesce(x.kind, ''), coalesce(x.specialty, ''), coalesce(x.hours, ''),
        coalesce(x.instructions, ''), coalesce(x.booking, ''), coalesce(x.contacts, '[]'), coalesce(x.withdrawn, false)
    from jsonb_to_record(@part::jsonb) as x (name text, nhs_code text, kind text, specialty text, hours text, instructions text,
        booking text, contacts jsonb, withdrawn boolean)
    where @field::text = 'services'
)
insert into service_text (code, external_id, text)
select @code, x.external_id, x.text from jsonb_to_record(@part::jsonb) as x (external_id text, text text)
where @field::text = 'service-texts';

-- name: NoteTakenBack :exec
-- Each only once: a second fails.
insert into taken_back (change_id) select unnest(@changes::bigint[]);

-- name: MarkTakenBack :exec
-- What a run wrote, and a person takes back, will be proposed again, and withheld.
insert into mark (code, field, verdict, value, run_id, actor)
values (@code, @field, 'undone', @value, @run_id, @actor)
on conflict on constraint mark_pkey do update
set value = excluded.value, run_id = excluded.run_id, actor = excluded.actor, at = clock(), lifted_in = null;

-- name: LookAgain :exec
-- The next listings that have the organisation are read, even if their bytes are known.
with again as (
    update upstream_record u set settled = false where u.source = @source and u.code = @code returning u.source, u.report
)
update listing l set etag = '' from again a where l.source = a.source and l.report = a.report and l.etag <> '';
