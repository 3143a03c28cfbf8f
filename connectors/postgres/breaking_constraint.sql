-- Profiles with rows that break a constraint: of a table %[1]s, named %[2]s, with the expression %[3]s.
select '%[2]s', '%[1]s of profile ' || code, 'rows: ' || count(*) from %[1]s where not (%[3]s) group by code order by code limit $1
