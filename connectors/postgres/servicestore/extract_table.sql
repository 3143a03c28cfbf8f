-- The working table of an import of the EBSX05 extract, private to its transaction.
create temp table extract_row (
    line      integer not null,
    id        text collate "C" not null,
    site      text not null,
    provider  text not null,
    specialty text collate "C" not null,
    extract   jsonb not null
) on commit drop;
