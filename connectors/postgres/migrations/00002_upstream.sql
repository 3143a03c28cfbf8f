-- +goose Up
-- Upstream: what the registers said, and how far we have come with it.

create table upstream_record (
    source        text collate "C" not null,
    report        text collate "C" not null,
    code          text collate "C" not null,
    raw_hash      bytea not null,
    facts         jsonb not null,
    facts_hash    bytea not null,
    rules_version integer not null,
    settled       boolean not null,
    contradiction boolean not null default false,
    flag          text not null default '',
    revisit       date,
    pending_since date,
    missing_since date,
    waiting       text[] not null default '{}',
    constraint upstream_record_pkey primary key (source, report, code)
);
create index upstream_record_by_code on upstream_record (code);
create index upstream_record_pending on upstream_record (code) where pending_since is not null;
create index upstream_record_contradiction on upstream_record (code) where contradiction;

create index upstream_record_open on upstream_record (source, report)
    where (missing_since is null and (not settled or revisit is not null)) or (missing_since is not null and flag <> 'missing-twice');

comment on table upstream_record is 'The last accepted record of every organisation, per report that lists it';
comment on column upstream_record.source is 'The register: ods or ers';
comment on column upstream_record.report is 'The listing it stands in (edispensary, epraccur, ...), or api for single records';
comment on column upstream_record.code is 'ODS code';
comment on column upstream_record.raw_hash is 'First 16 bytes of the SHA-256 of the raw record';
comment on column upstream_record.facts is 'The record in canonical form: standing, dates, values by field';
comment on column upstream_record.facts_hash is 'Hash of the facts without noise: equal for the same facts in another form';
comment on column upstream_record.rules_version is 'The version of the rules it was compared with';
comment on column upstream_record.settled is 'The profile agrees with the register entirely: identical bytes need no comparison';
comment on column upstream_record.contradiction is 'Active, with an end date that has passed';
comment on column upstream_record.flag is 'Something a person should look at: left-type, no-end-date, end-in-future, missing-twice';
comment on column upstream_record.revisit is 'The day on which identical bytes must be compared again';
comment on column upstream_record.pending_since is 'The first look at a closure that waits for its second';
comment on column upstream_record.missing_since is 'The first complete listing it was missing from';
comment on column upstream_record.waiting is 'The fields whose value was withheld, so that the profile never took it';

create table listing (
    source      text collate "C" not null,
    report      text collate "C" not null,
    as_of       date not null,
    records     integer not null,
    etag        text not null default '',
    digest      bytea,
    rules_version integer not null default 0,
    accepted_at timestamptz not null default clock(),
    constraint listing_pkey primary key (source, report)
);
comment on table listing is 'The last accepted complete listing of each report: the yardstick for the next';
comment on column listing.source is 'The register';
comment on column listing.report is 'The report';
comment on column listing.as_of is 'The day the listing speaks of';
comment on column listing.records is 'How many records it held';
comment on column listing.etag is 'Its ETag at the download service, where it came from there';
comment on column listing.digest is 'First 16 bytes of the SHA-256 of all its bytes; null where records of it were quarantined';
comment on column listing.rules_version is 'The version of the rules it was compared with; 0 when unknown';
comment on column listing.accepted_at is 'When it was accepted';

create table watermark (
    source text collate "C" not null,
    stream text collate "C" not null,
    until  date not null,
    moved_at timestamptz not null default clock(),
    constraint watermark_pkey primary key (source, stream)
);
comment on table watermark is 'How far each incremental pull has come; moved only when a pull was stored completely';
comment on column watermark.source is 'The register';
comment on column watermark.stream is 'What is pulled: changes or deletions';
comment on column watermark.until is 'The last day that was pulled completely';
comment on column watermark.moved_at is 'When it was moved';

create table quarantine (
    id         bigint generated always as identity,
    source     text collate "C" not null,
    report     text collate "C" not null,
    code       text collate "C" not null,
    line       integer not null,
    field      text not null,
    value      text not null,
    reason     text not null,
    raw        bytea not null,
    raw_hash   bytea not null,
    first_seen timestamptz not null default clock(),
    last_seen  timestamptz not null default clock(),
    constraint quarantine_pkey primary key (id),
    constraint quarantine_once unique (source, report, raw_hash)
);
comment on table quarantine is 'Raw upstream records that could not be understood; they count as present';
comment on column quarantine.id is 'Surrogate key';
comment on column quarantine.source is 'The register';
comment on column quarantine.report is 'The report';
comment on column quarantine.code is 'ODS code; empty when not even that could be read';
comment on column quarantine.line is 'The line in the listing it was last seen in';
comment on column quarantine.field is 'The field that was refused';
comment on column quarantine.value is 'Its value';
comment on column quarantine.reason is 'What was expected, and what to do';
comment on column quarantine.raw is 'The whole record as it came';
comment on column quarantine.raw_hash is 'First 16 bytes of its SHA-256';
comment on column quarantine.first_seen is 'When it was seen first';
comment on column quarantine.last_seen is 'When it was seen last; older than the last listing means it is gone';
