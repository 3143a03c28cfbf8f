#!/bin/sh
# Creates what `profilesync migrate --roles` needs to find: the roles, the database, and a login each for migrations and for
# the daemon, with the passwords of their addresses. It may be run again, and then sets the passwords.
#
#   postgres-url   a superuser's address, for this script only
#   migrate-url    postgres://NAME:PASSWORD@HOST/DATABASE, as the owner migrates
#   database-url   the same for the daemon
set -eu
superuser=$(cat "${SECRETS:?the folder of the three addresses}/postgres-url")

user() { sed -E 's|^postgres://([^:@/]+).*|\1|' "$SECRETS/$1"; }
password() { sed -E 's|^postgres://[^:@/]+:([^@/]+)@.*|\1|' "$SECRETS/$1"; }
database=$(sed -E 's|.*/([^/?]+)(\?.*)?$|\1|' "$SECRETS/database-url")

# Passwords go in by standard input: arguments can be seen by others.
psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 "$superuser" <<SQL
set client_min_messages = warning;
\set migrate $(user migrate-url)
\set migrate_password $(password migrate-url)
\set daemon $(user database-url)
\set daemon_password $(password database-url)
\set database $database
select format('create role %I', r) from unnest('{profilesync_owner,profilesync_daemon,profilesync_editor,profilesync_reader,profilesync_console}'::text[]) r
    where not exists (select from pg_roles where rolname = r) \gexec
select format('create role %I login', r) from unnest(array[:'migrate', :'daemon']) r
    where not exists (select from pg_roles where rolname = r) \gexec
alter role :"migrate" password :'migrate_password';
alter role :"daemon" password :'daemon_password';
grant profilesync_owner to :"migrate";
grant profilesync_daemon to :"daemon";
select format('create database %I owner profilesync_owner', :'database')
    where not exists (select from pg_database where datname = :'database') \gexec
SQL
