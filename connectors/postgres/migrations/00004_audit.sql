-- +goose Up
-- Audit: every change of a profile, by whoever writes it, in the writer's own
-- transaction. Append-only. Statement-level triggers keep bulk writes fast. They
-- run with their owner's rights: who may write a profile needs none on the audit.

create table field_owner (
    field text not null,
    owner text not null,
    constraint field_owner_pkey primary key (field),
    constraint field_owner_known check (owner in ('ods', 'ers', 'editor'))
);
comment on table field_owner is 'Who owns each field of a profile; a test holds it against the table in the code';
comment on column field_owner.field is 'The field';
comment on column field_owner.owner is 'ods, ers or editor';
insert into field_owner (field, owner) values
    ('name', 'ods'), ('address', 'ods'), ('postcode', 'ods'), ('type', 'ods'), ('roles', 'ods'), ('status', 'ods'),
    ('parent', 'ods'), ('commissioner', 'ods'), ('icb', 'ods'), ('region', 'ods'), ('successor', 'ods'),
    ('phone', 'editor'), ('email', 'editor'), ('website', 'editor'), ('description', 'editor'), ('hidden', 'editor'),
    ('opening-times', 'editor'), ('dated-opening-times', 'editor'), ('facilities', 'editor'), ('services', 'editor'),
    ('checks', 'editor'), ('ers-services', 'ers');
alter table hold add constraint hold_field_known foreign key (field) references field_owner (field);

create table change (
    id     bigint generated always as identity,
    code   text collate "C" not null,
    field  text collate "C" not null,
    old    text,
    new    text,
    actor  text not null,
    run_id bigint,
    at     timestamptz not null,
    xid    xid8 not null,
    constraint change_pkey primary key (id)
);
create index change_by_profile on change (code, id);
create index change_by_transaction on change (xid);
comment on table change is 'The audit: append-only, a row a changed field, one row for a creation. Read in commit order below pg_snapshot_xmin(pg_current_snapshot()), never by time alone';
comment on column change.id is 'Identity; not in commit order';
comment on column change.code is 'The profile';
comment on column change.field is 'The field; its owner stands in field_owner; profile for a creation';
comment on column change.old is 'The value before; null for none';
comment on column change.new is 'The value after; null for none; the name for a creation';
comment on column change.actor is 'Who: the session setting profilesync.actor, else the database user';
comment on column change.run_id is 'The run that wrote it (session setting profilesync.run); null for everybody else';
comment on column change.at is 'When';
comment on column change.xid is 'The transaction that wrote it';

-- +goose StatementBegin
create function audit_actor() returns text
    language sql stable
as $$ select coalesce(nullif(current_setting('profilesync.actor', true), ''), session_user) $$;
-- +goose StatementEnd
comment on function audit_actor is 'Who is writing';

-- +goose StatementBegin
create function audit_run() returns bigint
    language sql stable
as $$ select nullif(current_setting('profilesync.run', true), '')::bigint $$;
-- +goose StatementEnd
comment on function audit_run is 'The run that is writing, if one is';

-- +goose StatementBegin
create function refuse() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$ begin
    raise exception '% of % is refused: %', lower(tg_op), tg_table_name, tg_argv[0];
end $$;
-- +goose StatementEnd
comment on function refuse is 'Refuses what must never happen to a table';

create trigger change_is_append_only before update or delete or truncate on change
    for each statement execute function refuse('the audit is append-only');
create trigger profile_is_never_deleted before delete or truncate on profile
    for each statement execute function refuse('close or hide the profile instead');

-- +goose StatementBegin
create function profile_before_update() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$ begin
    if new.code <> old.code then
        raise exception 'profile %: a code is never changed; write a new profile', old.code;
    end if;
    new.version := old.version + 1;
    new.updated_at := clock();
    return new;
end $$;
-- +goose StatementEnd
comment on function profile_before_update is 'Counts versions and keeps codes fixed';
create trigger profile_before_update before update on profile
    for each row execute function profile_before_update();

-- +goose StatementBegin
create function profile_created() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    insert into change (code, field, old, new, actor, run_id, at, xid)
    select code, 'profile', null, name, audit_actor(), audit_run(), clock(), pg_current_xact_id()
    from new_rows;
    return null;
end $$;
-- +goose StatementEnd
comment on function profile_created is 'Audits creations: one row each';
create trigger profile_created after insert on profile
    referencing new table as new_rows for each statement execute function profile_created();

-- +goose StatementBegin
create function profile_updated() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    with changed as (
        insert into change (code, field, old, new, actor, run_id, at, xid)
        select n.code, f.field, f.old, f.new, audit_actor(), audit_run(), clock(), pg_current_xact_id()
        from new_rows n
        join old_rows o using (code)
        cross join lateral (values
            ('name', o.name, n.name),
            ('address', array_to_string(o.address, e'\n'), array_to_string(n.address, e'\n')),
            ('postcode', o.postcode, n.postcode),
            ('type', o.type, n.type),
            ('roles', array_to_string(o.roles, '|'), array_to_string(n.roles, '|')),
            ('status', o.status, n.status),
            ('parent', o.parent, n.parent),
            ('commissioner', o.commissioner, n.commissioner),
            ('icb', o.icb, n.icb),
            ('region', o.region, n.region),
            ('successor', o.successor, n.successor),
            ('phone', o.phone, n.phone),
            ('email', o.email, n.email),
            ('website', o.website, n.website),
            ('description', o.description, n.description),
            ('hidden', o.hidden::text, n.hidden::text)
        ) as f (field, old, new)
        where f.old <> f.new
        returning code, field
    )
    update upstream_record u set settled = false
    from (select distinct c.code from changed c join field_owner using (field) where owner = 'ods') owned
    where u.code = owned.code and u.settled and u.report is distinct from current_setting('profilesync.report', true);
    return null;
end $$;
-- +goose StatementEnd
comment on function profile_updated is 'Audits updates, a row a field; an owned field that was written must be compared again, but for the report (session setting profilesync.report) whose run writes it and says so itself';
create trigger profile_updated after update on profile
    referencing old table as old_rows new table as new_rows for each statement execute function profile_updated();

-- +goose StatementBegin
create function part_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    was jsonb := to_jsonb(old) - 'id' - 'code';
    is_ jsonb := to_jsonb(new) - 'id' - 'code';
begin
    insert into change (code, field, old, new, actor, run_id, at, xid)
    select p.code, case coalesce(p.is_, p.was) ->> 'source' when 'ers' then 'ers-services' else tg_argv[0] end,
        p.was::text, p.is_::text, audit_actor(), audit_run(), clock(), pg_current_xact_id()
    from (values
        (new.code, case when old.code = new.code then was end, is_),
        (case when old.code is distinct from new.code then old.code end, was, null)
    ) as p (code, was, is_)
    where p.code is not null and p.was is distinct from p.is_;
    return null;
end $$;
-- +goose StatementEnd
comment on function part_written is 'Audits the parts of a profile (opening times, facilities, services), a row each; two when one moves to another profile';
create trigger opening_period_written after insert or update or delete on opening_period
    for each row execute function part_written('opening-times');
create trigger dated_opening_period_written after insert or update or delete on dated_opening_period
    for each row execute function part_written('dated-opening-times');
create trigger facility_written after insert or update or delete on facility
    for each row execute function part_written('facilities');
create trigger service_of_editor_written after insert or update or delete on service
    for each row execute function part_written('services');
create trigger opening_period_is_audited before truncate on opening_period
    for each statement execute function refuse('delete the rows, so that they are audited');
create trigger dated_opening_period_is_audited before truncate on dated_opening_period
    for each statement execute function refuse('delete the rows, so that they are audited');
create trigger facility_is_audited before truncate on facility
    for each statement execute function refuse('delete the rows, so that they are audited');
create trigger service_is_audited before truncate on service
    for each statement execute function refuse('delete the rows, so that they are audited');

-- +goose StatementBegin
create function decided() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    update upstream_record set settled = false where code = coalesce(new.code, old.code) and settled;
    return null;
end $$;
-- +goose StatementEnd
comment on function decided is 'A decision on a profile calls for another comparison';
create trigger mark_decided after insert or update or delete on mark for each row execute function decided();
create trigger hold_decided after insert or update or delete on hold for each row execute function decided();
