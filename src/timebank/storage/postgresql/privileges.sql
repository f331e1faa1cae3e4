-- What a role (:role), or a role that it can act as, may do with each of the tables (:tables): table, privilege,
-- whether on the whole table, whether on some column of it.
WITH RECURSIVE able AS (
    SELECT oid FROM pg_roles WHERE rolname = :role
    UNION
    SELECT roleid FROM able JOIN pg_auth_members ON member = able.oid
), privilege (name, place, has_columns) AS (
    VALUES
    ('SELECT', 1, true), ('INSERT', 2, true), ('UPDATE', 3, true), ('DELETE', 4, false),
    ('TRUNCATE', 5, false), ('REFERENCES', 6, true), ('TRIGGER', 7, false)
)
SELECT
    relname,
    name,
    bool_or(has_table_privilege(able.oid, pg_class.oid, name)),
    bool_or(CASE WHEN has_columns THEN has_any_column_privilege(able.oid, pg_class.oid, name) ELSE false END)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace CROSS JOIN able CROSS JOIN privilege
WHERE nspname = current_schema() AND relname = ANY (:tables)
GROUP BY relname, name, place
ORDER BY relname, place
