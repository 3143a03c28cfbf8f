-- +goose Up
-- What roles other than the owner need: a schema of the console's own, and statistics of tables that the daemon fills but
-- does not own. `profilesync migrate --roles` creates the roles and grants their rights, since their names are settings.

create schema if not exists console;
comment on schema console is 'Sessions of the console; no other role sees it';

-- +goose StatementBegin
create function analyze_plan() returns void
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    analyze plan_row, run_record;
end $$;
comment on function analyze_plan is 'Statistics of what a run has just planned: only an owner may gather them';

create function analyze_accepted() returns void
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    analyze profile, upstream_record;
end $$;
comment on function analyze_accepted is 'Statistics of what a run has just applied: only an owner may gather them';
-- +goose StatementEnd
revoke execute on function analyze_plan(), analyze_accepted() from public;
