-- name: TryLockCases :one
-- One look at a time; nobody is waited for. The lock ends with the transaction.
select pg_try_advisory_xact_lock(hashtextextended('profilesync cases', 0)) as locked;

-- name: StandingCases :many
select id, kind, subject, about, code, board, facts, since, openings, opened_at, deadline, state, until
from cases where state <> 'gone'
order by kind, subject, about;

-- name: OpenCases :execrows
-- A case that was gone opens again, with its history.
insert into cases as c (kind, subject, about, code, board, facts, since, deadline)
select unnest(@kinds::text[]), unnest(@subjects::text[]), unnest(@abouts::text[]), unnest(@codes::text[]), unnest(@boards::text[]),
    unnest(@facts::jsonb[]), unnest(@sinces::timestamptz[]), unnest(@deadlines::date[])
on conflict on constraint cases_once do update
set code = excluded.code, board = excluded.board, facts = excluded.facts, since = excluded.since, deadline = excluded.deadline,
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
