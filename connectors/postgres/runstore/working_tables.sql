-- The working tables of one run, private to the session that holds the run's
-- lock: they vanish with it, also after a kill.
create temp table listing_row (
    code       text collate "C" not null,
    raw_hash   bytea not null,
    raw_offset bigint not null,
    raw_length integer not null,
    line       integer not null
) on commit drop;
create temp table differing (
    n          integer not null primary key,
    code       text collate "C" not null,
    raw_hash   bytea,
    raw_offset bigint,
    raw_length integer,
    line       integer,
    known_hash bytea,
    missing_since date
) on commit drop;
