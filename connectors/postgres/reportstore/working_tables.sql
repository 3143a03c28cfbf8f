-- The working table of a report being frozen: the audit rows that it covers, in the report's order.
create temp table report_candidate (
    id       bigint not null,
    position bigint not null,
    constraint report_candidate_pkey primary key (position)
) on commit drop;
