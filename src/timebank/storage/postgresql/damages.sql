-- Keys and indexes of the current schema that do not keep what they promise, one sentence each.
WITH here AS (
    SELECT oid FROM pg_namespace WHERE nspname = current_schema()
)
SELECT concat('the index ', relname, ' is not valid')
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN here ON here.oid = relnamespace
WHERE NOT (indisvalid AND indisready AND indislive)
UNION
SELECT concat('the constraint ', conname, ' was never checked')
FROM pg_constraint JOIN here ON here.oid = connamespace
WHERE NOT convalidated
UNION
SELECT concat('the constraint ', conname, ' is not enforced: a trigger of it is disabled')
FROM pg_trigger JOIN pg_constraint ON pg_constraint.oid = tgconstraint JOIN here ON here.oid = connamespace
WHERE tgisinternal AND tgenabled NOT IN ('O', 'A')
ORDER BY 1
