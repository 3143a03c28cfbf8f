-- Tokens, sessions, actions and the keys of repeated requests.

-- name: AddToken :one
insert into access_token (name, hash, verbs, created_by, expires_at)
values (@name, @hash, @verbs::text[], @actor, sqlc.narg('expires_at'))
on conflict (name) where revoked_at is null do nothing
returning id;

-- name: RevokeToken :execrows
update access_token set revoked_at = clock(), revoked_by = @actor where name = @name and revoked_at is null;

-- name: ListTokens :many
select name, verbs, created_by, created_at, expires_at, revoked_by, revoked_at, last_used,
    (revoked_at is null and (expires_at is null or expires_at > clock()))::boolean as valid
from access_token
where @everything::boolean or revoked_at is null
order by name, id;

-- name: TokenByHash :one
select id, name, verbs, expires_at, (last_used is distinct from (clock() at time zone 'Europe/London')::date)::boolean as first_today
from access_token where hash = @hash and revoked_at is null and (expires_at is null or expires_at > clock());

-- name: NoteUse :exec
update access_token set last_used = (clock() at time zone 'Europe/London')::date
where id = @id and (last_used is null or last_used < (clock() at time zone 'Europe/London')::date);

-- name: FindSession :one
select data from session where token_hash = @token_hash and ended_at is null and expires_at > now();

-- name: BeginAction :one
insert into action (actor, person, verb, operation, subject, request) values (@actor, @person, @verb, @operation, @subject, @request)
returning id;

-- name: NoteAction :exec
insert into action (actor, person, verb, operation, subject, request, outcome, ended_at)
values (@actor, @person, @verb, @operation, @subject, @request, @outcome, clock());

-- name: EndAction :execrows
update action set outcome = @outcome, ended_at = clock() where id = @id and outcome = 'begun';

-- name: BeginKey :one
-- One of more than a day ago counts as forgotten. One without an answer is begun again once its process has ended, with all of
-- its sessions, or its lease has.
insert into idempotency_key as k (principal, key, process) values (@principal, @key, @process)
on conflict (principal, key) do update set
    at = case when k.at < now() - interval '24 hours' then excluded.at else k.at end,
    process = excluded.process, leased_until = excluded.leased_until,
    digest = null, status = null, content_type = '', location = '', body = null
where k.at < now() - interval '24 hours'
    or k.status is null and (k.leased_until < now()
        or exists (select from process p where p.name = k.process and p.cleared_at is not null))
returning at, (at < now())::bool as again;

-- name: GetKey :one
select at, digest, status, content_type, location, body from idempotency_key where principal = @principal and key = @key;

-- name: AnswerKey :execrows
update idempotency_key set digest = @digest, status = @status, content_type = @content_type, location = @location, body = @body
where principal = @principal and key = @key and process = @process and status is null;

-- name: ForgetKey :exec
delete from idempotency_key where principal = @principal and key = @key and process = @process and status is null;

-- name: ReleaseKey :exec
update idempotency_key set leased_until = '-infinity'
where principal = @principal and key = @key and process = @process and status is null;

-- name: PruneSessions :execrows
delete from session where token_hash in (select token_hash from session where expires_at < now() order by expires_at limit @most);

-- name: PruneKeys :execrows
delete from idempotency_key where (principal, key) in (
    select k.principal, k.key from idempotency_key k where k.at < now() - interval '24 hours' order by k.at limit @most
);
