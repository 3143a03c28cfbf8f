-- Who stands behind a token, who has signed in, and what everybody did.

-- name: Behind :many
with recursive maker(name) as (
    select @actor::text
    union
    select t.created_by from maker as m join access_token as t on m.name like 'token:%' and t.name = substr(m.name, 7)
)
select name::text from maker;

-- name: AddSession :exec
insert into session (token_hash, data, expires_at, actor) values (@token_hash, @data, @expires_at, @actor);

-- name: ExtendSession :exec
-- Many requests of one page extend a session once.
update session set expires_at = @expires_at
where token_hash = @token_hash and ended_at is null and expires_at + interval '10 seconds' < @expires_at;

-- name: EndSession :exec
update session set data = '', ended_at = now(), expires_at = now() + interval '1 day' where token_hash = @token_hash and ended_at is null;

-- name: ListSessions :many
select actor, count(*)::int as sessions, min(signed_in_at)::timestamptz as since, max(expires_at)::timestamptz as until
from session where ended_at is null and expires_at > now() and actor <> ''
group by actor order by actor;

-- name: EndSessionsOf :execrows
update session set data = '', ended_at = now(), expires_at = now() + interval '1 day'
where actor = @actor and actor <> '' and ended_at is null and expires_at > now();

-- name: ListActions :many
select id, at, actor, person, verb, operation, subject, request, outcome, ended_at
from action where id < @before order by id desc limit @most;

-- name: ListActionsOf :many
-- In the order of the index by actor, and no other: by ids alone, the actions of all would be read where most are of one actor.
select id, at, actor, person, verb, operation, subject, request, outcome, ended_at
from action where (actor, id) > (@actor::text, 0) and (actor, id) < (@actor::text, @before::bigint)
order by actor desc, id desc limit @most;

-- name: PruneActions :execrows
delete from action where id in (select a.id from action a where a.at < clock() - interval '400 days' order by a.at, a.id limit @most);
