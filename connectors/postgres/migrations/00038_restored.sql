-- +goose Up
-- A database that was restored from a backup does not know what was pushed after the backup was made.

-- +goose StatementBegin
create function this_place() returns text
    language plpgsql stable set search_path = profilesync, pg_temp
as $$ begin
    return this_server() || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '/' || 'dispatch'::regclass::oid;
exception when insufficient_privilege or feature_not_supported or object_not_in_prerequisite_state then
    return this_server() || '/' || 'dispatch'::regclass::oid;
end $$;
-- +goose StatementEnd
comment on function this_place is 'The server, its timeline and the table: another after a restore, and after a standby was promoted';

alter table dispatch add column place text not null default '';
update dispatch set place = this_place();
comment on column dispatch.place is 'Where the pushes were noted; another than this_place() after a restore';

alter table push add column restored boolean not null default false;
comment on column push.restored is 'The database was restored after this was noted, and the sink may have been sent more: it is read before anything is sent';
