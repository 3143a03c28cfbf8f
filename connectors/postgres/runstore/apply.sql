-- name: NextChunk :one
-- The next chunk of a run: how many codes it holds, and between which it stands.
select count(c.code)::integer as codes, coalesce(max(c.code), '')::text as chunk_end, r.applied_to
from run r
left join lateral (
    select b.code from (
        (select n.code from run_record n where n.run_id = r.id and n.code > r.applied_to order by n.code limit @most::integer)
        union
        (select p.code from plan_row p where p.run_id = r.id and p.code > r.applied_to group by p.code order by p.code limit @most::integer)
    ) b
    order by b.code limit @most::integer
) c on true
where r.id = @run_id
group by r.applied_to;

-- name: SetWriter :exec
-- Names the writer to the audit, for this transaction.
select set_config('profilesync.actor', @actor::text, true), set_config('profilesync.run', @run::text, true),
    set_config('profilesync.report', @report::text, true);

-- name: GoByKey :exec
-- Every statement of a chunk reads a stretch of keys. A run that just filled or emptied a table leaves statistics by
-- which Postgres would rather read all of it, for each chunk again.
select set_config('enable_seqscan', 'off', true);

-- name: LockChunk :exec
select from profile
where code in (
    select p.code from plan_row p
    where p.run_id = @run_id and p.code > @after::text and p.code <= @upto::text and p.withheld = '' and p.verb <> 'create'
)
order by code for update;

-- name: MarkMoved :exec
-- A field that no longer holds what the plan started from is left out, with all of its fact; so is a creation that
-- somebody else made.
with moved as materialized (
    select r.code, r.fact
    from plan_row r
    join profile p on p.code = r.code
    where r.run_id = @run_id and r.code > @after::text and r.code <= @upto::text and p.code > @after::text and p.code <= @upto::text
        and r.withheld = '' and r.verb <> 'missing'
        and r.old is distinct from case r.field
            when '' then p.code
            when 'name' then p.name
            when 'address' then array_to_string(p.address, e'\n')
            when 'postcode' then p.postcode
            when 'type' then p.type
            when 'roles' then array_to_string(p.roles, '|')
            when 'status' then p.status
            when 'parent' then p.parent
            when 'commissioner' then p.commissioner
            when 'icb' then p.icb
            when 'region' then p.region
            when 'successor' then p.successor
            when 'phone' then p.phone
            when 'email' then p.email
            when 'website' then p.website
            when 'description' then p.description
            when 'hidden' then p.hidden::text
            else r.old
        end
)
update plan_row r set moved = true, left_out = 'edited'
from moved m
where r.run_id = @run_id and r.code = m.code and r.fact = m.fact and r.code > @after::text and r.code <= @upto::text
    and r.withheld = '' and r.verb <> 'missing';

-- name: ApplyCreations :exec
-- The values are read once a row, the clock once a chunk.
insert into profile (code, name, address, postcode, type, roles, status, parent, commissioner, icb, region, successor, phone, website,
    created_at, updated_at)
select p.code, v.name, coalesce(string_to_array(v.address, e'\n'), '{}'), coalesce(v.postcode, ''), v.type,
    coalesce(string_to_array(v.roles, '|'), '{}'), v.status, coalesce(v.parent, ''),
    coalesce(v.commissioner, ''), coalesce(v.icb, ''), coalesce(v.region, ''),
    coalesce(v.successor, ''), coalesce(v.phone, ''), coalesce(v.website, ''), (select clock()), (select clock())
from plan_row p
cross join lateral json_to_record(p.new::json) as v (name text, address text, postcode text, type text, roles text, status text,
    parent text, commissioner text, icb text, region text, successor text, phone text, website text)
where p.run_id = @run_id and p.code > @after::text and p.code <= @upto::text
    and p.verb = 'create' and p.withheld = '' and not p.moved;

-- name: ApplyUpdates :exec
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
    hidden = coalesce(v.hidden::boolean, p.hidden)
from (
    select code,
        max(new) filter (where field = 'name') as name,
        max(new) filter (where field = 'address') as address,
        max(new) filter (where field = 'postcode') as postcode,
        max(new) filter (where field = 'type') as type,
        max(new) filter (where field = 'roles') as roles,
        max(new) filter (where field = 'status') as status,
        max(new) filter (where field = 'parent') as parent,
        max(new) filter (where field = 'commissioner') as commissioner,
        max(new) filter (where field = 'icb') as icb,
        max(new) filter (where field = 'region') as region,
        max(new) filter (where field = 'successor') as successor,
        max(new) filter (where field = 'hidden') as hidden
    from plan_row r
    where r.run_id = @run_id and r.code > @after::text and r.code <= @upto::text
        and r.verb not in ('create', 'missing') and r.withheld = '' and not r.moved
    group by code
) v
where p.code = v.code;

-- name: ApplyMissing :exec
with p as materialized (
    select m.code, m.new from plan_row m
    where m.run_id = @run_id and m.code > @after::text and m.code <= @upto::text and m.verb = 'missing' and m.withheld = '' and not m.moved
)
update upstream_record u set missing_since = nullif(p.new, '')::date, flag = case when p.new = '' then '' else u.flag end, settled = false
from p, run r
where r.id = @run_id
    and u.source = r.source and u.report = r.report and u.code = p.code and u.code > @after::text and u.code <= @upto::text;

-- name: AcceptRecords :exec
-- What the run compared is now what we accepted. A record whose profile moved meanwhile stays unsettled.
insert into upstream_record (source, report, code, raw_hash, facts, facts_hash, rules_version, settled, contradiction, flag,
    revisit, pending_since, missing_since, compared_in, layout)
select r.source, r.report, n.code, n.raw_hash, n.facts, n.facts_hash, @rules_version,
    n.settled and not exists (select from plan_row m where m.run_id = n.run_id and m.code = n.code and m.moved),
    n.contradiction, n.flag, n.revisit, n.pending_since, null, r.id, r.layout
from run r
join run_record n on n.run_id = r.id
where r.id = @run_id and n.run_id = @run_id and n.code > @after::text and n.code <= @upto::text and n.facts is not null
on conflict on constraint upstream_record_pkey do update
set raw_hash = excluded.raw_hash, facts = excluded.facts, facts_hash = excluded.facts_hash, rules_version = excluded.rules_version,
    settled = excluded.settled, contradiction = excluded.contradiction, flag = excluded.flag, revisit = excluded.revisit,
    pending_since = excluded.pending_since, missing_since = excluded.missing_since, compared_in = excluded.compared_in,
    layout = excluded.layout;

-- name: LookAgainElsewhere :exec
-- What the run found withdrawn waits no longer: other reports that still say it were settled only because it waited.
with again as (
    update upstream_record u set settled = false
    from plan_row p, run r
    where p.decided_in = @run_id and p.decision = 'withdrawn' and p.fact <> '' and p.code > @after::text and p.code <= @upto::text
        and r.id = @run_id and u.source = r.source and u.report <> r.report and u.code = p.code and u.settled
    returning u.source, u.report
)
update listing l set etag = '' from again a where l.source = a.source and l.report = a.report and l.etag <> '';

-- name: EndPending :exec
-- What is closed waits for no second look, in any report.
update upstream_record u set pending_since = null
from plan_row p
where p.run_id = @run_id and p.code > @after::text and p.code <= @upto::text and p.verb = 'close' and p.withheld = '' and not p.moved
    and u.code = p.code and u.code > @after::text and u.code <= @upto::text and u.pending_since is not null;

-- name: AcceptForms :exec
-- The same facts in another form: only the bytes, and perhaps the layout, are new. Found first, since most chunks have none.
with n as materialized (
    select f.code, f.raw_hash from run_record f
    where f.run_id = @run_id and f.code > @after::text and f.code <= @upto::text and f.facts is null and f.raw_hash is not null
)
update upstream_record u set raw_hash = n.raw_hash, layout = r.layout
from n, run r
where r.id = @run_id
    and u.source = r.source and u.report = r.report and u.code = n.code and u.code > @after::text and u.code <= @upto::text;

-- name: AnalyzeAccepted :exec
-- A first load turns empty tables into big ones faster than autovacuum looks.
select analyze_accepted();

-- name: FlagAbsent :exec
with n as materialized (
    select f.code, f.flag from run_record f
    where f.run_id = @run_id and f.code > @after::text and f.code <= @upto::text and f.raw_hash is null and f.flag <> ''
)
update upstream_record u set flag = n.flag
from n, run r
where r.id = @run_id
    and u.source = r.source and u.report = r.report and u.code = n.code and u.code > @after::text and u.code <= @upto::text;

-- name: MarkUndone :exec
-- What an undo takes back is remembered: it will be proposed again, and withheld.
insert into mark (code, field, verdict, value, run_id, actor)
select p.code, case when p.verb = 'missing' then 'missing' else p.field end, 'undone', p.old, r.id, r.actor
from plan_row p join run r on r.id = p.run_id
where p.run_id = @run_id and p.code > @after::text and p.code <= @upto::text and not p.moved
    and (p.verb = 'missing' or p.field not in ('', 'hidden'))
on conflict on constraint mark_pkey do update
set value = excluded.value, run_id = excluded.run_id, actor = excluded.actor, at = clock(), lifted_in = null;

-- name: ForgetMarks :exec
-- A change that a person approved, or an undo that was taken back, needs no mark any more.
delete from mark m
using plan_row p
where p.run_id = @run_id and p.code > @after::text and p.code <= @upto::text and not p.moved
    and m.code = p.code and (m.field = p.field and m.value = p.new or m.field = 'missing' and p.verb = 'missing');

-- name: DeleteRunRecords :exec
with services as (delete from run_service s where s.run_id = @run_id)
delete from run_record r where r.run_id = @run_id;

-- name: ApprovedRows :many
-- What an approval is to apply: rows that it was given and that nothing has withdrawn since.
select code, field, type, verb, old, new, reason, undone, leaves from plan_row
where decided_in = @run_id and decision = 'approved' and waits and (code, field) > (@after_code::text, @after_field::text)
order by code, field limit @most;

-- name: AppliedRows :many
select p.code, p.field, p.type, p.verb, p.old, p.new, p.reason, p.undone, p.leaves
from plan_row p join run r on r.id = p.run_id
where p.run_id = @run_id and p.withheld = '' and not p.moved and p.code <= r.applied_to
    and (p.code, p.field) > (@after_code::text, @after_field::text)
order by p.code, p.field limit @most;

-- name: LoadMissed :many
select p.code, p.type, u.missing_since
from profile p join upstream_record u using (code)
where u.source = @source and u.report = @report and p.status <> 'closed' and p.code = any(@codes::text[]);

-- name: PlanRowsOf :many
-- What was withheld comes first, and an address of another postcode before one that is only written in another way.
select p.code, p.verb, p.field, p.old, p.new, p.reason, p.withheld, p.moved, p.left_out, p.waits, p.decision,
    coalesce(case when p.decision <> '' then p.decided_in end, 0)::bigint as decided_in, p.decided_by, coalesce(d.undone_by, 0)::bigint as undone_by,
    coalesce(h.plan_id, 0)::bigint as ahead_in, coalesce(h.actor, '')::text as ahead_by
from plan_row p
left join run d on d.id = p.decided_in
left join approval_ahead h on h.id = p.ahead_id
where p.run_id = @run_id and (not @withheld_only::boolean or p.withheld <> '')
order by p.withheld = '', bool_or(p.field = 'postcode') over (partition by p.code, p.fact) desc, p.code, p.field limit @most;

-- name: CountPlanRows :one
select count(*) from plan_row where run_id = @run_id and (not @withheld_only::boolean or withheld <> '');

-- name: MovedRows :many
select code, field, left_out from plan_row where run_id = @run_id and moved order by code, field;
