insert into profilesync.opening_period (code, day, opens, closes)
select $1, line[1], line[2]::time, line[3]::time
from regexp_matches($2, '(\w+) ([\d:]+)-([\d:]+)', 'g') as line
