-- name: TryLockCases :one
-- One look at a time; nobody is waited for. The lock ends with the transaction.
select pg_try_advisory_xact_lock(hashtextextended('profilesync cases', 0)) as locked;

-- name: GoByKey :exec
-- Few rows need a person: the others are found by the keys of those, whatever the statistics say.
select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true);

-- name: NoteLook :exec
insert into forward_progress (activity, at) values ('cases', clock_timestamp())
on conflict on constraint forward_progress_pkey do update set at = excluded.at;

-- name: StandingCases :many
select * from cases where state <> 'gone'
order by kind, subject, about;

-- name: OrganisationsOf :many
-- What they are called, and whether nobody of them can be told.
select p.code, p.name, not exists (
    select from membership m join account a on a.id = m.account_id
    where m.code = p.code and m.ended_at is null and a.state = 'active' and a.dead_at is null) as unmanned
from profile p
where p.code = any(@codes::text[]);

-- name: OpenCases :execrows
-- A case that was gone opens again, with its history. One that was gone for less than a day keeps its deadline: what is
-- tried again, and fails again, is put off by nobody.
insert into cases as c (kind, subject, about, code, board, facts, since, deadline)
select unnest(@kinds::text[]), unnest(@subjects::text[]), unnest(@abouts::text[]), unnest(@codes::text[]), unnest(@boards::text[]),
    unnest(@facts::jsonb[]), unnest(@sinces::timestamptz[]), unnest(@deadlines::date[])
on conflict on constraint cases_once do update
set code = excluded.code, board = excluded.board, facts = excluded.facts, since = excluded.since,
    deadline = case when c.gone_at > clock() - interval '1 day' then c.deadline else excluded.deadline end,
    state = 'open', openings = c.openings + 1, opened_at = clock(), gone_at = null
where c.state = 'gone';

-- name: UpdateCases :execrows
update cases c set code = n.code, board = n.board, facts = n.facts, since = n.since
from (
    select unnest(@ids::bigint[]) as id, unnest(@codes::text[]) as code, unnest(@boards::text[]) as board,
        unnest(@facts::jsonb[]) as facts, unnest(@sinces::timestamptz[]) as since
) n
where c.id = n.id and c.state <> 'gone';

-- name: ResumeCases :execrows
-- The day until which they waited, or were set aside, has passed.
update cases set state = 'open', waits_for = '', until = null, reason = '', decided_by = ''
where id = any(@ids::bigint[]) and state in ('waiting', 'set-aside') and until < @today::date;

-- name: EndCases :execrows
update cases set state = 'gone', gone_at = clock(), waits_for = '', until = null, reason = '', decided_by = ''
where id = any(@ids::bigint[]) and state <> 'gone';

-- name: CasesToTell :many
-- Those that stand, or whose end somebody who knew them was not told; of some kinds, or of all if kinds is empty.
select c.* from cases c
where (cardinality(@kinds::text[]) = 0 or c.kind = any(@kinds::text[]))
    and (c.state = 'open' or (c.state = 'gone' and exists (
        select from case_told t where t.case_id = c.id and t.opening = c.openings and t.news = 'new' and not t.left_out and not exists (
            select from case_told e where e.case_id = c.id and e.opening = c.openings and e.recipient = t.recipient and e.news = 'ended' and not e.left_out))))
order by c.kind, c.subject, c.about;

-- name: ToldOfCases :many
-- Since the cases opened last, and, where before is true, when an earlier opening was told last. What a letter of an earlier
-- day was to tell that never arrived counts as not told, but for an end.
select t.case_id, t.recipient, t.news, (t.opening < c.openings)::boolean as before, max(t.day)::date as day
from case_told t join cases c on c.id = t.case_id join letter l using (reference)
where t.case_id = any(@ids::bigint[]) and not t.left_out and (t.opening = c.openings or t.news = 'new')
    and (t.news = 'ended' or t.day >= @today::date or l.state not in ('bounced', 'dead', 'failed', 'refused', 'cancelled'))
group by t.case_id, t.recipient, t.news, t.opening < c.openings;

-- name: MembersToTell :many
select m.code, m.account_id, m.role
from membership m join account a on a.id = m.account_id
where m.code = any(@codes::text[]) and m.ended_at is null and a.state = 'active' and a.dead_at is null
order by m.code, m.account_id;

-- name: StaffToTell :many
-- Leads of boards, and administrators.
select id, kind, region from account
where kind in ('lead', 'administrator') and state = 'active' and dead_at is null
order by id;

-- name: AddCaseLetters :many
-- A letter that was made due before is left alone, and tells nothing more.
insert into letter (reference, kind, account_id, list)
select l.reference, l.kind, nullif(l.account, 0), l.list
from (
    select unnest(@refs::text[]) as reference, unnest(@kinds::text[]) as kind, unnest(@accounts::bigint[]) as account, unnest(@lists::text[]) as list
) l
on conflict on constraint letter_once do nothing
returning reference;

-- name: LeaveOutUndelivered :exec
-- What ToldOfCases takes as not told since the letter never arrived, so that another one may tell it.
update case_told t set left_out = true
from letter l
where t.case_id = any(@ids::bigint[]) and l.reference = t.reference and not t.left_out and t.news <> 'ended' and t.day < @today::date
    and l.state in ('bounced', 'dead', 'failed', 'refused', 'cancelled');

-- name: RecordTold :exec
insert into case_told (case_id, opening, recipient, news, day, reference)
select unnest(@ids::bigint[]), unnest(@openings::integer[]), unnest(@recipients::text[]), unnest(@news::text[]), @day::date,
    unnest(@refs::text[]);

-- name: CasesOfLetter :many
select sqlc.embed(c), t.news, t.opening
from case_told t join cases c on c.id = t.case_id
where t.reference = @reference and not t.left_out
order by c.kind, c.subject, c.about;

-- name: ListCases :many
-- What holds up most, and what is due first, comes first.
select * from cases
where (@id::bigint = 0 or id = @id) and (@gone::boolean or state <> 'gone')
    and (cardinality(@kinds::text[]) = 0 or kind = any(@kinds::text[]))
    and (@code::text = '' or code = @code) and (@board::text = '' or board = @board) and opened_at <= @opened_before::timestamptz
order by array_position(@order_of_kinds::text[], kind), deadline, subject, about, id;

-- name: StepsOfCase :many
select step, facts, waits_for, until, reason, actor, database_role, at from case_step where case_id = @case_id order by id;

-- name: ToldOfCase :many
-- A letter that went out about others, and left the case out, is said to have done so.
select t.recipient, t.news, t.day,
    (case when t.left_out and l.state not in ('bounced', 'dead', 'failed', 'refused', 'cancelled') then 'left-out' else l.state end)::text as state
from case_told t join letter l using (reference)
where t.case_id = @case_id
order by l.id;

-- name: DecideCase :execrows
-- What a person decides counts for the opening that they saw.
update cases set state = @state, waits_for = @waits_for, reason = @reason, until = @until, decided_by = @actor
where id = @id and openings = @openings and state <> 'gone';

-- name: OrganisationsOverdue :many
-- Open organisations of which the overdue notices of the newest quarter told, to their account managers and to lists.
with notice as (
    select l.quarter, l.account_id, l.codes from letter l
    where l.stage = 'overdue' and l.quarter = (select max(n.quarter) from letter n where n.stage = 'overdue')
), told as (
    select n.quarter, m.code from notice n
    join membership m on m.account_id = n.account_id and m.role = 'account-manager' and m.ended_at is null
    union
    select n.quarter, unnest(n.codes) from notice n
)
select t.quarter, p.code, p.icb, p.type, coalesce(x.section, '')::text as section, x.at, x.day
from told t
join profile p on p.code = t.code and p.status <> 'closed' and p.type = any(@types::text[])
left join lateral (
    select s.section, s.at, null::date as day from section_checked s where s.code = p.code
    union all
    select distinct '', null::timestamptz, d.date from dated_opening_period d where d.code = p.code and d.date >= @today::date
) x on true
where not exists (select from closure k where k.code = p.code and k.confirmed_at is not null and k.taken_back_at is null)
order by p.code;

-- name: LeaveOut :exec
-- What a letter does not tell after all, so that another one may.
update case_told set left_out = true where reference = @reference and case_id = any(@ids::bigint[]);
