-- The columns of our tables, by schema.table.
select table_schema || '.' || table_name, column_name::text from information_schema.columns
where table_schema = any($1) order by ordinal_position
