-- The functions of the schema $1 that write with their owner's rights, or that only triggers run.
select oid::regprocedure::text from pg_proc
where pronamespace = to_regnamespace($1) and (prosecdef or prorettype = 'trigger'::regtype) order by 1
