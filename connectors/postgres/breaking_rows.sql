-- Rows that break a rule which triggers keep.
select rule, place, why from broken_row order by rule, place, why limit $1
