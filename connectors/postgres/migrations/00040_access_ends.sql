-- +goose Up
-- Sessions can be ended by whoever administers, and the audit of what was done is kept for a bounded time.

set local lock_timeout = '2s'; -- daemons at work wait behind a lock that is waited for: Migrate tries again
create index access_token_by_name on access_token (name); -- with those that were revoked
create index action_by_actor on action (actor, id);

-- +goose StatementBegin
create function action_is_kept() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$ begin
    if old.at > clock() - interval '400 days' then
        raise exception 'delete of action is refused: it is the audit, and kept for 400 days';
    end if;
    return old;
end $$;
-- +goose StatementEnd
comment on function action_is_kept is 'Refuses to delete actions of less than 400 days ago';
drop trigger action_is_append_only on action;
create trigger action_is_kept before delete on action for each row execute function action_is_kept();
create trigger action_is_never_emptied before truncate on action for each statement execute function refuse('it is the audit');
comment on table action is
    'The audit of what was done by the API, by the console and with tokens: append-only, and removed after 400 days';

alter table session
    add column actor text not null default '',
    add column signed_in_at timestamptz not null default now();
create index session_by_actor on session (actor) where ended_at is null and actor <> '';
comment on column session.actor is 'The pseudonym of who has signed in; empty for a session from before this column';
comment on column session.signed_in_at is 'When they signed in, by the real time';
comment on column session.ended_at is
    'When the person signed out, or was signed out. The row stays for a day, empty: a request that was under way cannot write it again';
