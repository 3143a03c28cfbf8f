-- +goose Up
-- A transaction or a statement of an editor may take days: what it writes at its end is dated then. Those of the daemon keep
-- one instant, which it compares. A second keeps the rows of an ordinary transaction together.

-- +goose StatementBegin
create function present() returns timestamptz
    language plpgsql stable
as $$ begin
    if pg_catalog.clock_timestamp() operator(pg_catalog.<) (pg_catalog.now() operator(pg_catalog.+) interval '1 second')
        or profilesync.is_daemon() then
        return pg_catalog.now();
    end if;
    return pg_catalog.clock_timestamp();
end $$;

create or replace function played_now() returns timestamptz
    language plpgsql stable
as $$ begin
    if not profilesync.plays_now() or not profilesync.is_daemon() then
        return profilesync.present();
    end if;
    return pg_catalog.current_setting('profilesync.now')::timestamptz;
exception when data_exception then
    perform profilesync.refuse_setting('profilesync.now', 'it is no instant, such as 2026-11-19T09:00:00Z');
end $$;
-- +goose StatementEnd
comment on function present is 'The present: the begin of the transaction, but the very moment for whoever is not the daemon and took more than a second';

create or replace function clock() returns timestamptz
    language sql stable
    return case when coalesce(current_setting('profilesync.now', true), '') = '' then present() else played_now() end;

-- The audit joins roles by "|": a role that holds one could not be told from two.
-- +goose StatementBegin
create function refuse_role() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$ begin
    raise check_violation using constraint = 'profile_is_plain', table = 'profile', column = 'roles',
        message = format('roles of profile %s: a role has no |', new.code);
end $$;
-- +goose StatementEnd
comment on function refuse_role is 'Refuses roles that the audit could not show as they are';
revoke execute on function refuse_role() from public;
create trigger profile_roles_told_apart before insert or update of roles on profile
    for each row when (position('|' in array_to_string(new.roles, '')) > 0 and not by_a_run()) execute function refuse_role();

-- Every round of the dispatcher looks for holds that have ended: that there are none must not wake it again.
drop trigger hold_announced on hold;
create trigger hold_announced after insert or update or delete on hold for each row execute function announce();
