-- name: ImportExtract :one
-- Stores each service of the extract: its sites from all its rows, everything else from the first. A service that is not in
-- the extract is unchanged. The audit is told who it is by the same statement.
with claims as (
    select r.id, array_agg(distinct r.site order by r.site) filter (where r.site <> '') as sites from extract_row r group by r.id
), news as (
    select distinct on (r.id) r.id, r.provider, r.specialty, r.extract,
        coalesce(case e.origin when 'editor' then (select array_agg(distinct x order by x) from unnest(e.claimed || c.sites) x) else c.sites end,
            '{}') as claimed
    from extract_row r join claims c using (id) left join ers_service e on e.id = r.id
    order by r.id, r.line
), written as (
    insert into ers_service as e (id, origin, claimed, provider, specialty, extract, added_by)
    select n.id, 'extract', n.claimed, n.provider, n.specialty, n.extract, set_config('profilesync.actor', @actor::text, true) from news n order by n.id
    on conflict on constraint ers_service_pkey do update
    set claimed = excluded.claimed, provider = excluded.provider, specialty = excluded.specialty, extract = excluded.extract,
        shown = case when e.specialty = excluded.specialty then e.shown end
    where (e.claimed, e.provider, e.specialty, e.extract) is distinct from
        (excluded.claimed, excluded.provider, excluded.specialty, excluded.extract)
    returning xmax = 0 as added
)
select count(*) filter (where w.added) as added, count(*) filter (where not w.added) as changed from written w;

-- name: AddService :execrows
insert into ers_service as e (id, origin, claimed, added_by) values (@id, 'editor', array[@site::text], set_config('profilesync.actor', @actor::text, true))
on conflict on constraint ers_service_pkey do update set claimed = array_append(e.claimed, @site::text)
where @site::text <> all (e.claimed);

-- name: ListServices :many
select id, origin, state, claimed, sites, provider, specialty, credential, version, coalesce(facts ->> 'name', extract ->> 'name', '')::text as name,
    pending, missing_since, added_by, coalesce(extract, '{}')::jsonb as extract
from ers_service
where (@state::text = '' or state = @state) and (@site::text = '' or @site = any(claimed) or @site = any(sites))
order by length(id), id limit @most;

-- name: CountAsked :one
select count(*) as asked from ers_service
where state <> 'gone' and (cardinality(@sites::text[]) = 0 or claimed && @sites::text[] or sites && @sites::text[]);

-- name: AskServices :many
select e.id, e.state, e.credential, e.version, e.facts_hash as hash, coalesce(c.display, e.specialty)::text as specialty,
    e.missing_since, e.pending
from ers_service e
left join ers_code c on c.kind = 'SPECIALTY' and c.code = e.specialty
where (e.credential, length(e.id), e.id) > (@after_credential::text, length(@after_id::text), @after_id::text)
    and (cardinality(@sites::text[]) = 0 or e.claimed && @sites::text[] or e.sites && @sites::text[])
order by e.credential, length(e.id), e.id limit @most;

-- name: RunServices :copyfrom
insert into run_service (run_id, id, state, credential, missing_since, version, facts, facts_hash, sites, shown)
values (@run_id, @id, @state, @credential, @missing_since, @version, @facts, @facts_hash, @sites, @shown);

-- name: GetPull :one
select pulled_to, asked, rejected from run where id = @id;

-- name: MovePull :exec
update run set pulled_to = @pulled_to, asked = @asked, rejected = @rejected, stage = 'asking', done = @asked, total = greatest(@total::integer, @asked)
where id = @id;

-- name: ServiceItems :many
-- Services for which the run has news, or that differ from the profiles that show them; or the services with the given ids,
-- with the state that was withheld.
select e.id, e.state as was, coalesce(r.state, case when cardinality(@ids::text[]) > 0 then nullif(e.pending, '') end, e.state)::text as state,
    coalesce(r.facts, e.facts)::jsonb as facts, coalesce(c.display, e.specialty)::text as specialty, (r.id is not null)::boolean as news,
    (coalesce(r.shown ->> 'specialty', '') = coalesce(c.display, e.specialty) and r.shown is not null)::boolean as settled
from ers_service e
left join run_service r on r.run_id = @run_id and r.id = e.id
left join ers_code c on c.kind = 'SPECIALTY' and c.code = e.specialty
where e.id > @after::text
    and (cardinality(@sites::text[]) = 0 or r.id is not null or e.claimed && @sites::text[] or e.sites && @sites::text[])
    and (e.id = any(@ids::text[]) or (cardinality(@ids::text[]) = 0 and (
        r.id is not null
        or (e.facts is not null and e.state in ('active', 'missing', 'gone') and (
            e.shown is null
            or exists (
                select from service s
                where s.source = 'ers' and s.external_id = e.id and not s.withdrawn
                    and (e.state = 'gone' or s.code <> all (e.sites) or ers_shown(s) <> e.shown))
            or (e.state <> 'gone' and exists (
                select from unnest(e.sites) as x (code) join profile p using (code)
                where not exists (
                    select from service s where s.source = 'ers' and s.external_id = e.id and s.code = x.code and not s.withdrawn)))
        ))
    )))
order by e.id limit @most;

-- name: ServiceSites :many
-- The profiles that services concern: those where e-RS has them, and those that show them.
select e.id, p.code, p.type, (s.id is not null)::boolean as there,
    case when s.id is not null then ers_shown(s) else '{}' end::jsonb as shown,
    exists (
        select from hold h where h.code = p.code and h.field = 'ers-services' and h.removed_at is null
            and (h.until is null or h.until >= @today::date)
    ) as held
from ers_service e
cross join lateral (
    select unnest(coalesce((
        select r.sites from run_service r where r.run_id = @run_id and r.id = e.id and r.facts is not null
    ), e.sites)) as code
    union
    select n.code from service n where n.source = 'ers' and n.external_id = e.id
) x
join profile p on p.code = x.code
left join service s on s.source = 'ers' and s.external_id = e.id and s.code = x.code
where e.id = any(@ids::text[])
order by e.id, p.code;

-- name: ServiceMarks :many
select code, field, verdict, value from mark where field = any(@fields::text[]) and lifted_in is null;

-- name: SetServicesShown :exec
-- Stores what profiles should show of services, if that is new.
insert into run_service (run_id, id, state, credential, missing_since, version, sites, shown)
select @run_id, e.id, e.state, e.credential, e.missing_since, e.version, '{}', x.shown
from (select unnest(@ids::text[]) as id, unnest(@showns::jsonb[]) as shown) x join ers_service e using (id)
where e.shown is distinct from x.shown
on conflict on constraint run_service_pkey do update set shown = excluded.shown;

-- name: ServicePlanRows :copyfrom
insert into plan_row (run_id, code, field, fact, type, verb, old, new, reason, undone, withheld, waits, since_run, moved, left_out, digest, leaves)
values (@run_id, @code, @field, @fact, @type, @verb, @old, @new, @reason, @undone, @withheld, @waits, @since_run, @moved, @left_out, @digest, @leaves);

-- name: LoadWaitingServices :many
select run_id, code, type, verb, field, old, new, reason, undone, withheld, coalesce(since_run, run_id)::bigint as since_run, leaves
from plan_row
where waits and field = any(@fields::text[]);

-- name: ServiceLosses :many
-- What the run would take away, together with what waits to be.
select r.leaves as code, coalesce(p.type, '') as type, count(*) as losses,
    (select count(*) from service s where s.code = r.leaves and s.source = 'ers' and not s.withdrawn) as "of"
from plan_row r left join profile p on p.code = r.leaves
where (r.run_id = @run_id or (r.waits and starts_with(r.field, 'ers-services/'))) and r.leaves <> ''
group by r.leaves, p.type order by r.leaves;

-- name: CountShownServices :one
select count(*) as services from service where source = 'ers' and not withdrawn;

-- name: WithholdLosses :exec
-- A service withheld at one of its sites is withheld at all of them.
-- With coalesce the sites are hashed, whatever the statistics say.
update plan_row r set withheld = 'too-many-removals', waits = true
where r.run_id = @run_id and r.leaves <> '' and r.withheld = ''
    and coalesce(r.field in (select w.field from plan_row w where w.run_id = @run_id and w.leaves = any(@sites::text[])), false);

-- name: WithholdUndoneServices :exec
update plan_row set withheld = 'undone', waits = true where run_id = @run_id and undone and withheld = '';

-- name: WithheldServices :many
select p.withheld as reason, p.type, p.leaves, count(*) as count from plan_row p
where p.run_id = @run_id and p.withheld <> '' group by p.type, p.withheld, p.leaves order by p.type, p.withheld, p.leaves;

-- name: CountServiceSites :one
-- Counts open profiles where the register will have a service once the run has ended.
select count(distinct p.code) as profiles
from ers_service e
left join run_service r on r.run_id = @run_id and r.id = e.id
cross join lateral unnest(case when r.facts is null then e.sites else r.sites end) as x (code)
join profile p on p.code = x.code
where p.status <> 'closed';

-- name: LockServices :exec
select from profile
where code in (
    select unnest(array[r.code, r.leaves]) from plan_row r
    where r.run_id = @run_id and r.code > @after::text and r.code <= @upto::text and r.withheld = ''
)
order by code for update;

-- name: MarkMovedServices :exec
-- Leaves out services that changed since the plan was made.
update plan_row r set moved = true, left_out = 'edited'
where r.run_id = @run_id and r.code > @after::text and r.code <= @upto::text and r.withheld = '' and not r.moved and r.verb <> 'missing'
    and (
        select ers_shown(s) from service s
        where s.source = 'ers' and s.external_id = split_part(r.field, '/', 2)
            and s.code = coalesce(nullif(r.old, '')::jsonb ->> 'moved_from', r.code)
    ) is distinct from nullif(r.old, '')::jsonb - 'moved_from';

-- name: ApplyServices :exec
insert into service as s (code, source, external_id, name, kind, specialty, hours, instructions, booking, contacts, withdrawn)
select r.code, 'ers', split_part(r.field, '/', 2), v.name, v.kind, v.specialty, v.hours, v.instructions, v.booking, v.contacts, v.withdrawn
from plan_row r
cross join lateral jsonb_to_record(r.new::jsonb) as v (name text, kind text, specialty text, hours text, instructions text, booking text,
    contacts jsonb, withdrawn boolean)
where r.run_id = @run_id and r.code > @after::text and r.code <= @upto::text and r.withheld = '' and not r.moved and r.verb = 'update'
order by r.code, r.field
on conflict on constraint service_once do update
set name = excluded.name, kind = excluded.kind, specialty = excluded.specialty, hours = excluded.hours,
    instructions = excluded.instructions, booking = excluded.booking, contacts = excluded.contacts, withdrawn = excluded.withdrawn;

-- name: ApplyServicesLeft :exec
update service s set withdrawn = true
from plan_row r
where r.run_id = @run_id and r.code > @after::text and r.code <= @upto::text and r.withheld = '' and not r.moved and r.verb = 'update'
    and r.old <> '' and s.source = 'ers' and s.external_id = split_part(r.field, '/', 2) and s.code = r.old::jsonb ->> 'moved_from';

-- name: ApplyServicesMissing :exec
update ers_service e set state = case r.new when '' then 'active' else 'missing' end, missing_since = nullif(r.new, '')::date, pending = ''
from plan_row r
where r.run_id = @run_id and r.code > @after::text and r.code <= @upto::text and r.withheld = '' and not r.moved and r.verb = 'missing'
    and e.id = split_part(r.field, '/', 2);

-- name: AcceptServices :exec
-- Stores what the run found as accepted. A state that is withheld, or that a person rejected, is stored as pending instead.
with waits as (
    select split_part(p.field, '/', 2) as id from plan_row p
    where p.waits and p.leaves <> '' and starts_with(p.field, 'ers-services/')
    union
    select split_part(m.field, '/', 2) from mark m where m.verdict = 'rejected' and m.value = 'missing' and starts_with(m.field, 'ers-services/')
        and m.lifted_in is null
), looked as (
    select r.id, r.state, r.credential, r.missing_since, r.version, r.facts, r.facts_hash, r.sites, r.shown,
        r.state in ('missing', 'gone') and r.state <> e.state and r.id in (select w.id from waits w) as waits
    from run_service r join ers_service e using (id)
    where r.run_id = @run_id
)
update ers_service e set
    state = case when l.waits then e.state else l.state end,
    pending = case when l.waits then l.state when l.state = e.state and e.state <> 'active' then e.pending else '' end,
    missing_since = case when l.waits then e.missing_since else l.missing_since end,
    credential = l.credential, version = l.version,
    facts = coalesce(l.facts, e.facts), facts_hash = coalesce(l.facts_hash, e.facts_hash),
    sites = case when l.facts is null then e.sites else l.sites end,
    shown = coalesce(l.shown, e.shown)
from looked l
where e.id = l.id;

-- name: ForgetReturnedServices :exec
-- A decision on the absence of a service ends when the service is there again.
update mark m set lifted_in = @run_id
from run_service r
where r.run_id = @run_id and r.state = 'active' and m.field = 'ers-services/' || r.id and m.value = 'missing' and m.lifted_in is null;

-- name: AcceptApproved :exec
-- Applies the states of services that a person approved to the register.
update ers_service e set state = e.pending, pending = ''
where e.pending <> '' and e.id in (
    select split_part(p.field, '/', 2) from plan_row p where p.run_id = @run_id and not p.moved and p.leaves <> ''
);

-- name: LookAgainAtServices :exec
-- What an undo put on the list, or took off it, is compared with what e-RS says at its next answer.
update ers_service e set pending = '', shown = null
where e.id in (
    select split_part(p.field, '/', 2) from plan_row p where p.decided_in = @run_id and p.decision in ('', 'undone')
);

-- name: MarkServicesUndone :exec
insert into mark (code, field, verdict, value, run_id, actor)
select x.code, x.field, 'undone', x.value, r.id, r.actor
from (select unnest(@codes::text[]) as code, unnest(@fields::text[]) as field, unnest(@values::text[]) as value) x
join run r on r.id = @run_id
on conflict on constraint mark_pkey do update
set value = excluded.value, run_id = excluded.run_id, actor = excluded.actor, at = clock(), lifted_in = null;

-- name: ForgetServiceMarks :exec
delete from mark m
using plan_row p
where p.run_id = @run_id and not p.moved and p.withheld = '' and m.code = p.code and m.field = p.field
    and (m.value = p.new or (m.value = 'missing' and p.verb = 'missing'));

-- name: ServiceRows :many
select s.code, s.external_id::text as id, ers_shown(s)::jsonb as shown from service s where s.source = 'ers' and s.external_id = any(@ids::text[]);

-- name: ServiceStates :many
select id, state from ers_service where id = any(@ids::text[]);

-- name: SaveCodes :one
-- Stores a whole code system. Codes it no longer holds are kept, as retired. Services whose label changed are compared again.
with given as (
    select unnest(@codes::text[]) as code, unnest(@displays::text[]) as display, unnest(@froms::text[]) as effective_from,
        unnest(@tos::text[]) as effective_to, string_to_array(unnest(@parents::text[]), '|') as parents
), saved as (
    insert into ers_code as c (kind, code, display, effective_from, effective_to, parents)
    select @kind, g.code, g.display, g.effective_from, g.effective_to, g.parents from given g order by g.code
    on conflict on constraint ers_code_pkey do update
    set display = excluded.display, effective_from = excluded.effective_from, effective_to = excluded.effective_to,
        parents = excluded.parents, retired = false
    where (c.display, c.effective_from, c.effective_to, c.parents, c.retired) is distinct from
        (excluded.display, excluded.effective_from, excluded.effective_to, excluded.parents, false)
    returning c.code
), ended as (
    update ers_code c set retired = true
    where c.kind = @kind and not c.retired and c.code not in (select g.code from given g)
    returning c.code
), unsettled as (
    update ers_service e set shown = null
    where @kind::text = 'SPECIALTY' and e.shown is not null and e.specialty in (select s.code from saved s)
)
select (select count(*) from saved) as saved, (select count(*) from ended) as retired;

-- name: ListCodes :many
select kind, code, display, effective_from as "from", effective_to as "to", parents, retired from ers_code
where (@kind::text = '' or kind = @kind) order by kind, code;

-- name: ServicesOf :many
select s.source, coalesce(s.external_id, '')::text as id, s.nhs_code, s.name, s.kind, s.specialty, s.hours, s.instructions, s.booking,
    s.contacts, s.withdrawn, coalesce(t.text, '')::text as text, coalesce(e.state, '')::text as state, coalesce(e.version, '')::text as version
from service s
left join service_text t on t.code = s.code and t.external_id = s.external_id
left join ers_service e on s.source = 'ers' and e.id = s.external_id
where s.code = @code
order by s.withdrawn, s.source desc, s.name collate "C", s.id;

-- name: ListOwners :many
-- Sites with their operator in the register, the operator before that, and the owners that they name.
select p.code, p.name, p.kind, p.parent, coalesce(o.status, '')::text as parent_status,
    coalesce(c.status, '')::text as by_code_status, coalesce(b.old, '')::text as parent_before
from profile p
left join profile o on o.code = p.parent collate "C"
left join profile c on c.code = left(p.code, 3)
left join lateral (
    select h.old from change h where h.code = p.code and h.field = 'parent' and h.old <> '' and h.at >= @since
    order by h.id desc limit 1
) b on true
where p.type = 'trust-site' and p.status <> 'closed'
order by p.code;
