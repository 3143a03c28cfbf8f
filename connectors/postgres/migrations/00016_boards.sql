-- +goose Up
-- The boards of commissioners, which listings are read with, and the layouts of accepted listings.

create table reference_report (
    source     text collate "C" not null,
    report     text collate "C" not null,
    name       text not null,
    as_of      date not null,
    records    integer not null,
    etag       text not null default '',
    content    bytea not null,
    actor      text not null,
    kept_at    timestamptz not null default clock(),
    constraint reference_report_pkey primary key (source, report),
    constraint reference_report_records_positive check (records > 0)
);
comment on table reference_report is 'The last good copy of each report that is needed to read others, and lists nothing that has a profile';
comment on column reference_report.source is 'The register';
comment on column reference_report.report is 'The report';
comment on column reference_report.name is 'The file or address that it was read from';
comment on column reference_report.as_of is 'The last day on which the register, or a file, said this';
comment on column reference_report.records is 'How many records it holds';
comment on column reference_report.etag is 'Its ETag at the download service; empty where it did not come from there';
comment on column reference_report.content is 'Its bytes as received';
comment on column reference_report.actor is 'Who loaded it; schedule where a run pulled it';
comment on column reference_report.kept_at is 'When it was stored';

alter table run
    add column boards bytea,
    add column layout text not null default '';
comment on column run.boards is 'First 16 bytes of the SHA-256 of the boards of commissioners that its listing was read with; null for none';
comment on column run.layout is 'The layout of its listing; empty where it has none, or it was not kept';

alter table listing add column boards bytea;
comment on column listing.boards is 'See run.boards';

alter table accepted_listing add column layout text not null default '';
comment on column accepted_listing.layout is 'See run.layout';
