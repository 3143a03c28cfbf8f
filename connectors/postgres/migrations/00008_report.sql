-- +goose Up
-- The daily change report: frozen once, so that asking again gives the same
-- bytes. Its rows stand as they were written; what is learnt later is in the next
-- report.

create table report (
    id        bigint generated always as identity,
    day       date not null,
    from_at   timestamptz not null,
    until_at  timestamptz not null,
    floor     xid8 not null,
    rows      integer not null,
    digest    text not null,
    frozen_at timestamptz not null default clock(),
    constraint report_pkey primary key (id),
    constraint report_once_a_day unique (day),
    constraint report_window unique (from_at),
    constraint report_window_is_one check (from_at < until_at)
);
comment on table report is 'Daily change reports, each written once';
comment on column report.id is 'Surrogate key';
comment on column report.day is 'The working day on whose morning it was made, Europe/London';
comment on column report.from_at is 'The window: from this instant, the end of the report before';
comment on column report.until_at is 'To before this one: the beginning of its day';
comment on column report.floor is 'No row of the audit that is in no report yet was written by an earlier transaction';
comment on column report.rows is 'How many rows of the audit it covers';
comment on column report.digest is 'Hash of all its rows and figures';
comment on column report.frozen_at is 'When it was written';

create table report_change (
    change_id bigint not null,
    report_id bigint not null,
    constraint report_change_pkey primary key (change_id),
    constraint report_change_report_fkey foreign key (report_id) references report (id)
);
comment on table report_change is 'In which report each row of the audit was: in exactly one';
comment on column report_change.change_id is 'The row of the audit';
comment on column report_change.report_id is 'The report';

create table report_row (
    report_id bigint not null,
    section   text collate "C" not null,
    icb       text collate "C" not null,
    position  bigint not null,
    cells     text[] not null,
    constraint report_row_pkey primary key (report_id, section, icb, position)
);
comment on table report_row is 'The rows of reports, as they are shown';
comment on column report_row.report_id is 'The report';
comment on column report_row.section is 'changes, updates, withheld, ...';
comment on column report_row.icb is 'The board whose row it is; empty for nobody''s';
comment on column report_row.position is 'Order within the section and board';
comment on column report_row.cells is 'The cells, by the columns of the section';

create table report_figure (
    report_id bigint not null,
    icb       text collate "C" not null,
    name      text collate "C" not null,
    count     integer not null,
    constraint report_figure_pkey primary key (report_id, icb, name),
    constraint report_figure_report_fkey foreign key (report_id) references report (id)
);
comment on table report_figure is 'What reports count, a row a board and figure';
comment on column report_figure.report_id is 'The report';
comment on column report_figure.icb is 'The board; empty for what is nobody''s';
comment on column report_figure.name is 'The figure; day:YYYY-MM-DD, field:NAME, region:NAME and kind:NAME for charts';
comment on column report_figure.count is 'The count';

create table report_pending (
    change_id bigint not null,
    sink      text collate "C" not null,
    code      text collate "C" not null,
    field     text collate "C" not null,
    icb       text collate "C" not null,
    changed_at timestamptz not null,
    constraint report_pending_pkey primary key (change_id, sink)
);
comment on table report_pending is 'Rows whose push had not ended when they were reported: its end is in a later report';
comment on column report_pending.change_id is 'The row of the audit';
comment on column report_pending.sink is 'The sink';
comment on column report_pending.code is 'The profile';
comment on column report_pending.field is 'The field';
comment on column report_pending.icb is 'The board';
comment on column report_pending.changed_at is 'When it was changed';

create table report_delivery (
    report_id    bigint not null,
    list         text collate "C" not null,
    channel      text not null,
    delivered_at timestamptz not null default now(),
    constraint report_delivery_pkey primary key (report_id, list, channel),
    constraint report_delivery_report_fkey foreign key (report_id) references report (id)
);
comment on table report_delivery is 'To whom reports were delivered, each once';
comment on column report_delivery.report_id is 'The report';
comment on column report_delivery.list is 'The board; empty for the national list';
comment on column report_delivery.channel is 'directory or mail';
comment on column report_delivery.delivered_at is 'When';

create table region_name (
    code text collate "C" not null,
    name text not null,
    constraint region_name_pkey primary key (code),
    constraint region_name_stated check (name <> '')
);
comment on table region_name is 'Names of boards and regions, by the register''s own organisations';
comment on column region_name.code is 'ODS code';
comment on column region_name.name is 'The name';
