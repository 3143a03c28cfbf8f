-- +goose Up
-- The e-Referral Service: the register of its services, their places on profiles,
-- its code systems, and the kind of a site.

create table ers_service (
    id            text collate "C" not null,
    origin        text not null,
    state         text not null default 'known',
    claimed       text[] collate "C" not null default '{}',
    provider      text not null default '',
    specialty     text collate "C" not null default '',
    extract       jsonb,
    credential    text collate "C" not null default '',
    version       text not null default '',
    facts         jsonb,
    facts_hash    bytea,
    sites         text[] collate "C" not null default '{}',
    shown         jsonb,
    pending       text not null default '',
    missing_since date,
    added_at      timestamptz not null default clock(),
    added_by      text not null,
    constraint ers_service_pkey primary key (id),
    constraint ers_service_id_is_digits check (id ~ '^[0-9]{1,18}$'),
    constraint ers_service_origin_known check (origin in ('extract', 'editor')),
    constraint ers_service_state_known check (state in ('known', 'active', 'not-visible', 'missing', 'gone')),
    constraint ers_service_pending_known check (pending in ('', 'missing', 'gone')),
    constraint ers_service_facts_whole check ((facts is null) = (facts_hash is null))
);
create index ers_service_asked on ers_service (credential, length(id), id);
create index ers_service_specialty on ers_service (specialty) where specialty <> '';
comment on table ers_service is 'The register of the ids that e-RS is asked for; nothing is ever deleted from it';
comment on column ers_service.id is 'The e-RS service id';
comment on column ers_service.origin is 'Where the id came from first: extract (EBSX05) or editor';
comment on column ers_service.state is 'known (never seen), active, not-visible (no credential may see it), missing (absent from one look), gone (unknown to e-RS)';
comment on column ers_service.claimed is 'ODS codes of the sites that the extract or an editor names';
comment on column ers_service.provider is 'ODS code of the organisation that provides it, by the extract';
comment on column ers_service.specialty is 'Code of its specialty, by the extract';
comment on column ers_service.extract is 'The row of the extract as reported, dirty dates included';
comment on column ers_service.credential is 'The credential that saw it last; asked first';
comment on column ers_service.version is 'The version that e-RS gave it last';
comment on column ers_service.facts is 'The service in canonical form, as e-RS described it last; null before it was seen';
comment on column ers_service.facts_hash is 'Hash of the facts without the version: labels change without one';
comment on column ers_service.sites is 'ODS codes of the sites where it is, by e-RS';
comment on column ers_service.shown is 'What profiles are to show of it; null when that has to be worked out again';
comment on column ers_service.pending is 'The state that a run withheld (missing, gone); it takes effect when a person approves';
comment on column ers_service.missing_since is 'The first look at its absence';
comment on column ers_service.added_at is 'When the id was entered';
comment on column ers_service.added_by is 'Who entered it';

create table ers_code (
    kind           text collate "C" not null,
    code           text collate "C" not null,
    display        text not null,
    effective_from text not null default '',
    effective_to   text not null default '',
    parents        text[] collate "C" not null default '{}',
    retired        boolean not null default false,
    constraint ers_code_pkey primary key (kind, code)
);
comment on table ers_code is 'The code systems of e-RS, retired codes included: codes are open strings';
comment on column ers_code.kind is 'The code system: SPECIALTY, CLINIC-TYPE, ...';
comment on column ers_code.code is 'The code';
comment on column ers_code.display is 'Its label';
comment on column ers_code.effective_from is 'As written by e-RS';
comment on column ers_code.effective_to is 'As written by e-RS; empty while it is current';
comment on column ers_code.parents is 'Of a clinic type: the codes of its specialties';
comment on column ers_code.retired is 'The code system does not hold it any more';

create table rate_turn (
    client  text collate "C" not null,
    next_at timestamptz not null,
    constraint rate_turn_pkey primary key (client)
);
comment on table rate_turn is 'The rate limits that all processes share';
comment on column rate_turn.client is 'The credential whose limit it is';
comment on column rate_turn.next_at is 'When its next request may be sent';

create table run_service (
    run_id        bigint not null,
    id            text collate "C" not null,
    state         text not null,
    credential    text collate "C" not null,
    missing_since date,
    version       text not null,
    facts         jsonb,
    facts_hash    bytea,
    sites         text[] collate "C" not null,
    shown         jsonb,
    constraint run_service_pkey primary key (run_id, id)
);
comment on table run_service is 'What a run found out about services, only where it differs, until the run has ended: what ers_service will say';
comment on column run_service.run_id is 'The run';
comment on column run_service.id is 'The e-RS service id';
comment on column run_service.state is 'See ers_service';
comment on column run_service.credential is 'See ers_service';
comment on column run_service.missing_since is 'See ers_service';
comment on column run_service.version is 'See ers_service';
comment on column run_service.facts is 'See ers_service; null when they are the known ones';
comment on column run_service.facts_hash is 'See ers_service; null when they are the known ones';
comment on column run_service.sites is 'See ers_service; empty when the facts are the known ones';
comment on column run_service.shown is 'See ers_service; null when it is the known one';

alter table run
    add column pulled_to text collate "C" not null default '',
    add column asked integer not null default 0,
    add column rejected integer not null default 0;
comment on column run.pulled_to is 'The last service that was asked for; a killed run goes on behind it';
comment on column run.asked is 'How many services were asked for';
comment on column run.rejected is 'How many of them could not be read';

alter table plan_row add column leaves text collate "C" not null default '';
comment on column plan_row.leaves is 'The site that loses a service by this row; empty for all else';

alter table service
    alter column external_id type text collate "C",
    add column kind text not null default '',
    add column specialty text not null default '',
    add column hours text not null default '',
    add column instructions text not null default '',
    add column booking text not null default '',
    add column contacts jsonb not null default '[]',
    add column withdrawn boolean not null default false,
    add constraint service_contacts_is_list check (jsonb_typeof(contacts) = 'array'),
    drop constraint service_once,
    add constraint service_once unique (source, external_id, code);
comment on column service.kind is 'What kind of service: the label of its appointment type in e-RS';
comment on column service.specialty is 'The label of its specialty';
comment on column service.hours is 'Hours of operation, free text';
comment on column service.instructions is 'Instructions without a stated audience: not for the public';
comment on column service.booking is 'How it can be booked and what it accepts';
comment on column service.contacts is 'Ways to reach it: purpose, system (phone, email), value; only PATINF is for the public';
comment on column service.withdrawn is 'Not at this profile any more: kept, never shown to the public';

create table service_text (
    id          bigint generated always as identity,
    code        text collate "C" not null,
    external_id text collate "C" not null,
    text        text not null,
    constraint service_text_pkey primary key (id),
    constraint service_text_profile_fkey foreign key (code) references profile (code),
    constraint service_text_once unique (code, external_id),
    constraint service_text_stated check (text <> '')
);
comment on table service_text is 'What editors write beside an e-RS service of a profile; theirs, whatever becomes of the service';
comment on column service_text.id is 'Surrogate key';
comment on column service_text.code is 'The profile';
comment on column service_text.external_id is 'The e-RS service id';
comment on column service_text.text is 'The text';

-- +goose StatementBegin
create function ers_shown(s service) returns jsonb
    language sql immutable
as $$ select jsonb_build_object('name', s.name, 'kind', s.kind, 'specialty', s.specialty, 'hours', s.hours,
    'instructions', s.instructions, 'booking', s.booking, 'contacts', s.contacts, 'withdrawn', s.withdrawn) $$;
-- +goose StatementEnd
comment on function ers_shown is 'A service of e-RS as it stands on a profile, in the form of a plan';

alter table change add column reason text not null default '';
comment on column change.reason is 'Why, where the writer had to say (session setting profilesync.reason)';

-- +goose StatementBegin
create function part_of(row_ jsonb) returns jsonb
    language sql immutable
as $$ select row_ - 'id' - 'code' - array_remove(array[
    case row_ ->> 'kind' when '' then 'kind' end, case row_ ->> 'specialty' when '' then 'specialty' end,
    case row_ ->> 'hours' when '' then 'hours' end, case row_ ->> 'instructions' when '' then 'instructions' end,
    case row_ ->> 'booking' when '' then 'booking' end, case row_ ->> 'contacts' when '[]' then 'contacts' end,
    case row_ ->> 'withdrawn' when 'false' then 'withdrawn' end], null) $$;
-- +goose StatementEnd
comment on function part_of is 'A part of a profile as the audit shows it: without what a service need not state';

-- +goose StatementBegin
create or replace function part_written() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$
declare
    was jsonb := part_of(to_jsonb(old));
    is_ jsonb := part_of(to_jsonb(new));
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

-- A pull writes thousands of services in one statement: so is their audit.
-- +goose StatementBegin
create function services_inserted() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    insert into change (code, field, new, actor, run_id, at, xid)
    select n.code, case n.source when 'ers' then 'ers-services' else tg_argv[0] end, part_of(r.row_)::text, w.actor, w.run_id, w.at, w.xid
    from new_rows n
    cross join lateral (select to_jsonb(n) as row_ offset 0) r
    cross join (select audit_actor() as actor, audit_run() as run_id, clock() as at, pg_current_xact_id() as xid offset 0) w
    order by n.id;
    return null;
end $$;
-- +goose StatementEnd
comment on function services_inserted is 'Audits new services of profiles as part_written does, all of a statement at once';
drop trigger service_of_editor_written on service;
create trigger service_inserted after insert on service
    referencing new table as new_rows for each statement execute function services_inserted('services');
create trigger service_of_editor_written after update or delete on service
    for each row execute function part_written('services');
create trigger service_text_written after insert or update or delete on service_text
    for each row execute function part_written('service-texts');
create trigger service_text_is_audited before truncate on service_text
    for each statement execute function refuse('delete the rows, so that they are audited');

-- The kind of a site. Nobody's register may change it.
alter table field_owner drop constraint field_owner_known,
    add constraint field_owner_known check (owner in ('ods', 'ers', 'editor', 'desk'));
comment on column field_owner.owner is 'ods, ers, editor or desk (the service desk)';
insert into field_owner (field, owner) values ('kind', 'desk'), ('service-texts', 'editor');

alter table profile add column kind text not null default '',
    add constraint profile_kind_known check (kind in ('', 'hospital', 'clinic'));
comment on column profile.kind is 'hospital (people stay overnight) or clinic, for trusts and their sites; owned by the service desk';
alter table profile disable trigger user;
update profile set kind = 'clinic' where type in ('trust', 'trust-site');
alter table profile enable trigger user;

-- +goose StatementBegin
create function profile_kind() returns trigger
    language plpgsql set search_path = profilesync, pg_temp
as $$ begin
    if tg_op = 'UPDATE' and new.kind <> old.kind and coalesce(current_setting('profilesync.reason', true), '') = '' then
        raise exception 'profile %: only the service desk changes its kind, and says why (session setting profilesync.reason)', old.code;
    end if;
    if new.kind = '' and new.type in ('trust', 'trust-site') then
        new.kind := 'clinic';
    end if;
    return new;
end $$;
-- +goose StatementEnd
comment on function profile_kind is 'Makes every trust and site a clinic until the service desk says otherwise, with a reason';
create trigger profile_kind before insert or update of kind, type on profile for each row execute function profile_kind();

-- +goose StatementBegin
create or replace function profile_updated() returns trigger
    language plpgsql security definer set search_path = profilesync, pg_temp
as $$ begin
    with changed as (
        insert into change (code, field, old, new, actor, run_id, at, xid, reason)
        select n.code, f.field, f.old, f.new, audit_actor(), audit_run(), clock(), pg_current_xact_id(),
            coalesce(current_setting('profilesync.reason', true), '')
        from new_rows n
        join old_rows o using (code)
        cross join lateral (values
            ('name', o.name, n.name),
            ('address', array_to_string(o.address, e'\n'), array_to_string(n.address, e'\n')),
            ('postcode', o.postcode, n.postcode),
            ('type', o.type, n.type),
            ('kind', o.kind, n.kind),
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
