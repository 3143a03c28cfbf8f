-- name: LockMail :one
select pg_try_advisory_lock(hashtextextended('profilesync mail', 0)) as locked;

-- name: MailGate :one
select stopped_at, stopped_by, paused_until, reason, coalesce(extract(epoch from now() - stopped_at), 0)::float8 as since,
    coalesce(extract(epoch from paused_until - now()), 0)::float8 as left, (stopped_at is null and (paused_until is null or paused_until <= now()))::boolean as open
from mail_gate;

-- name: StopMail :exec
-- The audit is told who it is by the same statement.
update mail_gate set stopped_at = now(), stopped_by = set_config('profilesync.actor', @actor::text, true), reason = @reason;

-- name: ResumeMail :exec
update mail_gate set stopped_at = null, stopped_by = '', paused_until = null, reason = '';

-- name: PauseMail :exec
update mail_gate set paused_until = greatest(paused_until, now() + @wait::interval), reason = @reason;

-- name: ResumeCanaries :exec
update mail_canary set sent = greatest(sent, @enough), first_at = '-infinity';

-- name: Canaries :many
-- The newest version of each text.
select distinct on (kind) kind, version, sent, (first_at + @pause::interval <= now())::boolean as over from mail_canary
order by kind, first_at desc, version desc;

-- name: ClaimLetters :many
-- Claims the oldest letters that may go out, urgent ones first: one per person, and only urgent ones to a person who has had
-- the day's limit.
with may as (
    select distinct on (l.account_id, case when l.account_id is null then l.id end) l.id
    from letter l
    where l.state = 'due' and (l.not_before is null or l.not_before <= now()) and l.kind <> all (@blocked::text[])
        and (l.account_id is null or l.kind = any(@urgent::text[]) or (
            select count(*) from letter o where o.account_id = l.account_id and o.accepted_at >= @day::timestamptz) < @cap::integer)
    order by l.account_id, case when l.account_id is null then l.id end, l.kind = any(@urgent::text[]) desc, l.id
), first as (
    select m.id from may m join letter l using (id) order by l.kind = any(@urgent::text[]) desc, m.id limit @most
)
update letter l set state = 'claimed', claimed_at = now(), begun_at = null, untouched = true, tries = l.tries + 1 from first where l.id = first.id
returning l.id, l.reference, l.kind, coalesce(l.account_id, 0)::bigint as account, l.list, l.stage, l.quarter,
    coalesce(l.about, 0)::bigint as about, l.since, l.ends, l.codes, l.tries, l.claimed_at;

-- name: ReleaseUntouched :exec
-- Makes due again the letters that were claimed but certainly not sent: their process has ended, or never got the answer to
-- its claim. The caller holds the outbox's lock.
update letter set state = 'due', untouched = false, tries = tries - 1 where state = 'claimed' and untouched;

-- name: BeginLetter :one
-- From now on the claimed letter may have been sent. The kill switch is read for each letter.
with gate as (
    select (g.stopped_at is null and (g.paused_until is null or g.paused_until <= now()))::boolean as open from mail_gate g
), begun as (
    update letter l set untouched = false, begun_at = now() from gate g
    where g.open and l.id = @id and l.state = 'claimed' and l.claimed_at = @claimed_at and l.untouched
    returning l.id
)
select g.open, (exists (select from begun))::boolean as begun from gate g;

-- name: StaleLetters :many
-- Letters claimed by processes that have ended: the caller holds the outbox's lock, so no running process has claims.
select id, reference, kind, tries, claimed_at, (coalesce(begun_at, claimed_at) <= now() - @lookup_after::interval)::boolean as ready,
    extract(epoch from now() - coalesce(begun_at, claimed_at))::float8 as age
from letter where state = 'claimed' order by id;

-- name: RecordLetterOutcome :execrows
-- A cancelled warning frees its reference, so that a later one can be made due. The same statement counts letters that went
-- out, because only a few letters of a new text may go out at first.
with recorded as (
    update letter set
        reference = case when @state::text = 'cancelled' and starts_with(kind, 'inactive-') then reference || '/' || id else reference end,
        state = @state, reason = @reason, untouched = false,
        not_before = now() + sqlc.narg(wait)::interval, tries = tries - @untried::integer,
        accepted_at = case when @state::text in ('accepted', 'delivered', 'bounced', 'dead', 'failed') then coalesce(accepted_at, clock()) end,
        provider_id = @provider_id, template_version = @template_version, ends = coalesce(sqlc.narg(ends)::date, ends), looked_at = now()
    where id = @id and state = 'claimed' and claimed_at = @claimed_at
    returning kind, template_version
), counted as (
    insert into mail_canary as c (kind, version, sent)
    select s.kind, s.template_version, 1 from recorded s where @state::text in ('accepted', 'delivered', 'bounced', 'dead', 'failed')
    on conflict on constraint mail_canary_pkey do update set sent = c.sent + excluded.sent
)
select kind from recorded;

-- name: OpenLetters :many
-- Accepted letters whose final status is not known, those looked up longest ago first.
select id, provider_id from letter
where state = 'accepted' and looked_at <= now() - @every::interval and accepted_at >= clock() - @within::interval
order by looked_at limit @most;

-- name: RecordLookup :exec
update letter set looked_at = now() where id = @id;

-- name: RecordStatus :one
-- Finds the letter by the mail service's id. Reports can be late, repeated or out of order: a final status stays.
update letter l set state = @state, reason = @reason,
    not_before = null
where l.state in ('accepted', 'claimed') and (l.provider_id = @provider_id and l.provider_id <> '')
returning l.id, coalesce(l.account_id, 0)::bigint as account;

-- name: MarkDead :exec
update account set dead_at = clock() where id = @id and dead_at is null;

-- name: ListLetters :many
select id, reference, kind, coalesce(account_id, 0)::bigint as account, list, state, reason, made_at, accepted_at, tries from letter
where id < @before and (@state::text = '' or state = @state) and (@account::bigint = 0 or account_id = @account)
order by id desc limit @most;

-- name: WaitingLetters :one
select count(*) as waiting, coalesce(min(greatest(not_before, now())), now())::timestamptz as next from letter where state = 'due';
