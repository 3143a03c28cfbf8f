-- name: LoadPeople :many
-- A page of accounts in the order of ids, filtered by id, state, organisation and inactivity. An empty filter matches all.
select a.id, a.kind, a.state, a.email, a.name, (a.dead_at is not null)::boolean as dead, a.last_active_at, a.leave_until
from account a
where a.id > @after and (cardinality(@ids::bigint[]) = 0 or a.id = any(@ids::bigint[]))
    and (cardinality(@states::text[]) = 0 or a.state = any(@states::text[]))
    and (cardinality(@codes::text[]) = 0
        or exists (select from membership m where m.account_id = a.id and m.ended_at is null and m.code = any(@codes::text[])))
    and (sqlc.narg(idle_before)::timestamptz is null or a.last_active_at < sqlc.narg(idle_before))
order by a.id limit @most;

-- name: LoadMemberships :many
-- Memberships of organisations that are open, in the register and in reality.
select m.account_id, m.role, p.code, p.name, p.type, p.icb
from membership m
join profile p using (code)
where m.ended_at is null and p.status <> 'closed' and m.account_id = any(@accounts::bigint[])
    and not exists (select from closure k where k.code = p.code and k.confirmed_at is not null and k.taken_back_at is null)
order by m.account_id, p.code;

-- name: LoadOrgs :many
-- Open organisations with the given codes, or those of an ICB whose type must check something.
select p.code, p.name, p.type, p.icb from profile p
where p.status <> 'closed' and (p.code = any(@codes::text[]) or (p.icb = @icb and @icb::text <> '' and p.type = any(@types::text[])))
    and not exists (select from closure k where k.code = p.code and k.confirmed_at is not null and k.taken_back_at is null)
order by p.code;

-- name: LoadChecked :many
select code, section, at from section_checked where code = any(@codes::text[]);

-- name: LoadConfirmed :many
-- The newest check of each section of a profile, and whose it is.
select c.section, c.at, s.account_id, s.edited
from section_checked c
join lateral (
    select k.account_id, k.edited from section_check k
    where k.at = c.at and k.code = c.code and k.section = c.section
    order by k.id desc limit 1
) s on true
where c.code = @code;

-- name: LoadStated :many
select distinct code, date from dated_opening_period where code = any(@codes::text[]) and date >= @today order by code, date;

-- name: LoadWarnings :many
select account_id::bigint as account_id, kind, since, ends, accepted_at, state from letter
where account_id = any(@accounts::bigint[]) and kind in ('inactive-30-days', 'inactive-7-days') and state <> 'cancelled' order by id;

-- name: ListICBs :many
select distinct icb from profile where status <> 'closed' and icb <> '' and type = any(@types::text[]) order by icb;

-- name: ListUnreached :many
-- Open organisations that must check something but that no letter reaches.
select p.code, p.name, p.type, p.icb from profile p
where p.status <> 'closed' and p.type = any(@types::text[])
    and not exists (select from closure k where k.code = p.code and k.confirmed_at is not null and k.taken_back_at is null)
    and not exists (
        select from membership m join account a on a.id = m.account_id
        where m.code = p.code and m.ended_at is null and a.state = 'active' and a.dead_at is null)
order by p.icb, p.code limit @most;

-- name: InsertLetters :execrows
insert into letter (reference, kind, account_id, list, stage, quarter, about, since, ends, codes)
select x.reference, x.kind, nullif(x.account_id, 0), x.list, x.stage, x.quarter, nullif(x.about, 0), x.since, x.ends,
    string_to_array(x.codes, '|')
from (
    select unnest(@refs::text[]) as reference, unnest(@kinds::text[]) as kind, unnest(@accounts::bigint[]) as account_id,
        unnest(@lists::text[]) as list, unnest(@stages::text[]) as stage, unnest(@quarters::date[]) as quarter,
        unnest(@abouts::bigint[]) as about, unnest(@sinces::date[]) as since, unnest(@ends::date[]) as ends, unnest(@codes::text[]) as codes
) x
on conflict on constraint letter_once do nothing;

-- name: KnownLetters :many
select reference from letter where reference = any(@refs::text[]);

-- name: CountAccounts :one
select count(*) from account where state in ('invited', 'active');

-- name: LockAccounts :exec
-- Waits for concurrent sign-ins and new memberships, so that the next statement sees them.
select from account where id = any(@ids::bigint[]) order by id for update;

-- name: EndAccounts :many
-- Ends only accounts that have not been active since they were judged and that received both warnings. An account that has
-- become the account manager of an open organisation is kept.
update account a set state = case x.step when 'expire' then 'expired' else 'deactivated' end
from (
    select unnest(@ids::bigint[]) as id, unnest(@steps::text[]) as step, unnest(@active::timestamptz[]) as last_active_at,
        unnest(@sinces::date[]) as since
) x
where a.id = x.id and a.last_active_at = x.last_active_at
    and (a.leave_until is null or a.leave_until < @today::date)
    and case x.step
        when 'expire' then a.state = 'invited'
        else a.state = 'active'
            and not exists (
                select from membership m join profile p using (code)
                where m.account_id = a.id and m.ended_at is null and m.role = 'account-manager' and p.status <> 'closed')
            and (
                select count(distinct l.kind) = 2 and max(l.accepted_at) <= @warned_before::timestamptz from letter l
                where l.account_id = a.id and l.since = x.since and l.kind in ('inactive-30-days', 'inactive-7-days')
                    and l.accepted_at is not null)
        end
returning a.id, x.step::text as step;

-- name: InsertIdleRun :one
insert into idle_run (state, actor, ending, accounts) values (@state, @actor, @ending, @accounts) returning id;

-- name: InsertIdleEndings :exec
insert into idle_ending (run_id, account_id, step, since)
select @run_id, x.id, x.step, x.since
from (select unnest(@ids::bigint[]) as id, unnest(@steps::text[]) as step, unnest(@sinces::date[]) as since) x;

-- name: EndingsDone :exec
update idle_ending set done = true where run_id = @run_id and account_id = any(@ids::bigint[]);

-- name: WithheldEndings :many
select e.account_id, e.step, e.since from idle_ending e join idle_run r on r.id = e.run_id
where e.run_id = @run_id and r.state = 'withheld' order by e.account_id;

-- name: ApproveIdleRun :execrows
update idle_run set state = 'approved', decided_by = @actor, decided_at = clock() where id = @id and state = 'withheld';

-- name: ListIdleRuns :many
select id, state, actor, at, ending, accounts, (select count(*) from idle_ending e where e.run_id = r.id and e.done) as ended, decided_by
from idle_run r order by id desc limit @most;

-- name: OpenIdleRun :one
-- The newest run that waits for approval; 0 if none does.
select coalesce(max(id), 0)::bigint as id from idle_run where state = 'withheld';

-- name: ReplaceWithheld :exec
-- Accounts are judged again each day, so only the newest run can be approved.
delete from idle_ending where run_id in (select id from idle_run where state = 'withheld');

-- name: DropWithheldRuns :exec
delete from idle_run where state = 'withheld';

-- name: KeepIdle :exec
insert into idle_kept (account_id, since, step, codes)
select x.id, x.since, x.step, string_to_array(x.codes, '|')
from (
    select unnest(@ids::bigint[]) as id, unnest(@sinces::date[]) as since, unnest(@steps::text[]) as step, unnest(@codes::text[]) as codes
) x
on conflict on constraint idle_kept_pkey do nothing;

-- name: NoteClosed :exec
update membership m set closed_since = case p.status when 'closed' then @today::date end
from profile p
where p.code = m.code and m.ended_at is null and (p.status = 'closed') <> (m.closed_since is not null);

-- name: EndClosed :execrows
update membership m set ended_at = clock()
from profile p
where p.code = m.code and m.ended_at is null and p.status = 'closed' and m.closed_since < @today::date;

-- name: ManagersOf :many
-- The account managers of the open organisations that the accounts belong to.
select m.account_id, o.account_id as manager, m.code
from membership m
join membership o on o.code = m.code and o.role = 'account-manager' and o.ended_at is null and o.account_id <> m.account_id
join profile p on p.code = m.code and p.status <> 'closed'
where m.account_id = any(@accounts::bigint[]) and m.ended_at is null
order by o.account_id, m.account_id, m.code;

-- name: ShowAccount :one
select a.id, a.kind, a.state, a.region, (a.dead_at is not null)::boolean as dead, a.created_at, a.last_active_at, a.leave_from, a.leave_until,
    a.ended_at
from account a where a.id = @id;

-- name: AccountHistory :many
select what, old, new, actor, reason, at from account_change where account_id = @account_id order by id desc limit @most;

-- name: AccountMemberships :many
select m.code, p.name, m.role, p.status, m.started_at as since, m.ended_at as until from membership m join profile p using (code)
where m.account_id = @account_id order by m.ended_at nulls first, m.code;

-- name: ReactivateAccount :execrows
update account set state = 'active' where id = @id and state in ('deactivated', 'expired');

-- name: SetLeave :execrows
update account set leave_from = @leave_from, leave_until = @leave_until where id = @id and state = 'active';

-- name: ListAccounts :many
select id, kind, state, (dead_at is not null)::boolean as dead, last_active_at, leave_until from account
where id > @after and (@state::text = '' or state = @state) order by id limit @most;

-- name: Holidays :many
select date, title, vanished_at from holiday order by date;

-- name: SaveHolidays :exec
insert into holiday as h (date, title)
select x.date, x.title from (select unnest(@dates::date[]) as date, unnest(@titles::text[]) as title) x
on conflict on constraint holiday_pkey do update set title = excluded.title, last_seen = clock(), vanished_at = null;

-- name: VanishHolidays :exec
update holiday set vanished_at = clock() where date = any(@dates::date[]) and vanished_at is null;
