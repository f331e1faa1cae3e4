-- Everything in the current schema: kind, name, text. Left out are what extensions brought, and what the keeper of a
-- server may set without touching the books: owners, privileges, tablespaces, storage parameters.
WITH here AS (
    SELECT oid FROM pg_namespace WHERE nspname = current_schema()
), brought AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relation AS (
    SELECT pg_class.* FROM pg_class JOIN here ON here.oid = relnamespace
    WHERE NOT EXISTS (SELECT FROM brought WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid)
)
-- Tables are kept on disk and in the log, have no row security, and are no part of another one.
SELECT
    CASE
        WHEN relkind IN ('r', 'p') THEN 'table'
        WHEN relkind IN ('v', 'm') THEN 'view'
        WHEN relkind = 'S' THEN 'sequence'
        WHEN relkind = 'f' THEN 'foreign table'
        ELSE 'type'
    END,
    relname::text,
    concat_ws(
        ' ', relkind, relpersistence,
        CASE WHEN relrowsecurity THEN 'row security' END,
        CASE WHEN EXISTS (SELECT FROM pg_inherits WHERE inhrelid = relation.oid) THEN 'inherits' END,
        CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(relation.oid) END
    )
FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
UNION ALL
SELECT
    'column',
    concat(attname, ' of ', relname),
    concat_ws(
        ' ', format_type(atttypid, atttypmod),
        CASE WHEN attnotnull THEN 'NOT NULL' END,
        'DEFAULT ' || pg_get_expr(adbin, adrelid),
        CASE WHEN attcollation <> typcollation THEN 'COLLATE ' || attcollation::regcollation::text END,
        nullif(concat(attidentity, attgenerated), '')
    )
FROM relation
JOIN pg_attribute ON attrelid = relation.oid
JOIN pg_type ON pg_type.oid = atttypid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
UNION ALL
-- From PostgreSQL 18 on, NOT NULL is listed here as well; the columns say it on every version.
SELECT 'constraint', concat(conname, ' on ', relname), pg_get_constraintdef(pg_constraint.oid, true)
FROM relation JOIN pg_constraint ON conrelid = relation.oid WHERE contype <> 'n'
UNION ALL
SELECT
    'index', index.relname::text, regexp_replace(pg_get_indexdef(index.oid, 0, true), ' WITH \([^)]*\)', '')
FROM relation JOIN pg_index ON indrelid = relation.oid JOIN pg_class AS index ON index.oid = indexrelid
UNION ALL
SELECT
    'trigger', concat(tgname, ' on ', relname),
    concat_ws(' ', pg_get_triggerdef(pg_trigger.oid, true), 'ENABLED', tgenabled)
FROM relation JOIN pg_trigger ON tgrelid = relation.oid WHERE NOT tgisinternal
UNION ALL
SELECT 'rule', concat(rulename, ' on ', relname), concat_ws(' ', pg_get_ruledef(pg_rewrite.oid, true), ev_enabled)
FROM relation JOIN pg_rewrite ON ev_class = relation.oid WHERE rulename <> '_RETURN'
UNION ALL
SELECT 'policy', concat(polname, ' on ', relname), polcmd::text
FROM relation JOIN pg_policy ON polrelid = relation.oid
UNION ALL
SELECT
    'function',
    concat(proname, '(', pg_get_function_identity_arguments(pg_proc.oid), ')'),
    concat_ws(
        ' ', prokind, lanname, prorettype::regtype, provolatile,
        CASE WHEN prosecdef THEN 'SECURITY DEFINER' END,
        replace(
            array_to_string(proconfig, ' '), 'search_path=' || quote_ident(current_schema()), 'search_path=HERE'
        ),
        prosrc
    )
FROM pg_proc JOIN here ON here.oid = pronamespace JOIN pg_language ON pg_language.oid = prolang
WHERE NOT EXISTS (SELECT FROM brought WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid)
UNION ALL
SELECT 'type', typname::text, typtype::text FROM pg_type JOIN here ON here.oid = typnamespace
WHERE typtype IN ('d', 'e', 'r')
AND NOT EXISTS (SELECT FROM brought WHERE classid = 'pg_type'::regclass AND objid = pg_type.oid)
UNION ALL
SELECT 'operator', concat(oprname, ' (', oprleft::regtype, ', ', oprright::regtype, ')'), oprcode::text
FROM pg_operator JOIN here ON here.oid = oprnamespace
WHERE NOT EXISTS (SELECT FROM brought WHERE classid = 'pg_operator'::regclass AND objid = pg_operator.oid)
