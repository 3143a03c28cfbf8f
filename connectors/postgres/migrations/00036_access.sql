-- +goose Up
-- Who may use the API and the console, and what they did with it.

create table access_token (
    id         bigint generated always as identity,
    name       text collate "C" not null,
    hash       bytea not null,
    verbs      text[] not null,
    created_by text not null default audit_actor(),
    created_at timestamptz not null default clock(),
    expires_at timestamptz,
    revoked_by text not null default '',
    revoked_at timestamptz,
    last_used  date,
    constraint access_token_pkey primary key (id),
    constraint access_token_hash_key unique (hash),
    constraint access_token_name_plain check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    constraint access_token_hash_is_sha256 check (length(hash) = 32),
    constraint access_token_verbs_known check (verbs <> '{}' and verbs <@ '{read,reconcile,approve,administer,people}'::text[]),
    constraint access_token_revoked_by_somebody check ((revoked_at is null) = (revoked_by = ''))
);
create unique index access_token_name on access_token (name) where revoked_at is null;
comment on table access_token is 'Tokens with which machines use the API';
comment on column access_token.id is 'Surrogate key';
comment on column access_token.name is 'What the machine is called; the audit names it as token:NAME. A revoked token frees its name';
comment on column access_token.hash is 'SHA-256 of the token, which is shown once and stored nowhere';
comment on column access_token.verbs is 'What it may be used for: read, reconcile, approve, administer, people';
comment on column access_token.created_by is 'See change.actor';
comment on column access_token.created_at is 'When';
comment on column access_token.expires_at is 'It is refused from then on; null: only once it is revoked';
comment on column access_token.revoked_by is 'Who revoked it';
comment on column access_token.revoked_at is 'It is refused from then on';
comment on column access_token.last_used is 'The last day on which it was used, in London';
create trigger access_token_is_never_deleted before delete or truncate on access_token
    for each statement execute function refuse('revoke it instead');

create table session (
    token_hash text collate "C" not null,
    data       bytea not null,
    expires_at timestamptz not null,
    ended_at   timestamptz,
    constraint session_pkey primary key (token_hash),
    constraint session_ended_is_empty check (ended_at is null or data = '')
);
create index session_by_expiry on session (expires_at);
comment on table session is 'Sessions of people who have signed in to the console';
comment on column session.token_hash is 'SHA-256 of the cookie''s value, in base64url; the value itself is stored nowhere';
comment on column session.data is 'Who it is: the pseudonym and the groups, and when the session ends at the latest. No name and no address';
comment on column session.expires_at is 'It is refused from then on, by the real time, and removed some time later';
comment on column session.ended_at is 'When the person signed out. The row stays until it expires, empty: a request that was under way cannot write it again';

create table action (
    id        bigint generated always as identity,
    at        timestamptz not null default clock(),
    actor     text not null,
    person    boolean not null,
    verb      text not null,
    operation text not null,
    subject   text not null default '',
    request   text not null default '',
    outcome   text not null default 'begun',
    ended_at  timestamptz,
    constraint action_pkey primary key (id),
    constraint action_actor_known check (actor <> ''),
    constraint action_outcome_known check (outcome in ('begun', 'done', 'refused', 'failed', 'forbidden')),
    constraint action_ends_with_outcome check ((ended_at is null) = (outcome = 'begun'))
);
create index action_at on action (at, id);
comment on table action is 'The audit of what was done by the API, by the console and with tokens: append-only';
comment on column action.id is 'In the order of writing';
comment on column action.at is 'When it began';
comment on column action.actor is 'Who: the pseudonym of a person, token:NAME, or who gave the command';
comment on column action.person is 'A person; false for a token';
comment on column action.verb is 'What the actor needed to be allowed';
comment on column action.operation is 'What was asked for, as the API''s document names it';
comment on column action.subject is 'Of what: a run, a code, the name of a token';
comment on column action.request is 'The request''s id, as the answer and the log name it; empty for a command';
comment on column action.outcome is
    'begun; then done, refused (the request was wrong, or came too late) or failed. forbidden: it was not begun. '
    'One that stays begun was cut off: what became of it, its own tables say';
comment on column action.ended_at is 'When the outcome was known';
-- +goose StatementBegin
create function action_ends_once() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$ begin
    if old.outcome <> 'begun'
        or (new.id, new.at, new.actor, new.person, new.verb, new.operation, new.subject, new.request)
            is distinct from (old.id, old.at, old.actor, old.person, old.verb, old.operation, old.subject, old.request) then
        raise exception 'update of action is refused: it is the audit; only the outcome is written later, once';
    end if;
    return new;
end $$;
-- +goose StatementEnd
comment on function action_ends_once is 'Lets the outcome of an action be written once, and nothing else be changed';
create trigger action_ends_once before update on action for each row execute function action_ends_once();
create trigger action_is_append_only before delete or truncate on action
    for each statement execute function refuse('it is the audit');

create table idempotency_key (
    principal    text collate "C" not null,
    key          text collate "C" not null,
    at           timestamptz not null default now(),
    digest       bytea,
    status       integer,
    content_type text not null default '',
    location     text not null default '',
    body         bytea,
    constraint idempotency_key_pkey primary key (principal, key),
    constraint idempotency_key_length check (length(key) between 1 and 255),
    constraint idempotency_key_answered_whole check ((status is null) = (digest is null) and (status is null) = (body is null))
);
create index idempotency_key_at on idempotency_key (at);
comment on table idempotency_key is 'Requests to the API that change something, and their answers: whoever repeats one within 24 hours gets the answer again';
comment on column idempotency_key.principal is 'Who asked: see action.actor';
comment on column idempotency_key.key is 'The header Idempotency-Key';
comment on column idempotency_key.at is 'When, by the real time';
comment on column idempotency_key.digest is 'SHA-256 of the request: another one under the same key is refused. Null until it is answered';
comment on column idempotency_key.status is 'The HTTP status of the answer; null until it is answered';
comment on column idempotency_key.content_type is 'Of the answer';
comment on column idempotency_key.location is 'The header Location of the answer';
comment on column idempotency_key.body is 'The answer';
