-- What a role (:role) could do beyond using the tables (:tables), one sentence each, the gravest first. A role can
-- act as every role that it is a member of, directly or not.
WITH RECURSIVE able AS (
    SELECT pg_roles.* FROM pg_roles WHERE rolname = :role
    UNION
    SELECT pg_roles.* FROM able JOIN pg_auth_members ON member = able.oid JOIN pg_roles ON pg_roles.oid = roleid
), here AS (
    SELECT * FROM pg_namespace WHERE nspname = current_schema()
)
SELECT 1, 'is a superuser: nothing can be kept from it' FROM able WHERE rolsuper
UNION
SELECT 2, 'has BYPASSRLS' FROM able WHERE rolbypassrls
UNION
SELECT 3, 'has CREATEROLE: it can make itself a member of other roles' FROM able WHERE rolcreaterole
UNION
SELECT 4, 'has CREATEDB' FROM able WHERE rolcreatedb
UNION
SELECT 5, 'has REPLICATION: it can copy every file of the server' FROM able WHERE rolreplication
UNION
-- Of PostgreSQL's own roles only those that look at the server are harmless; people's have what they were given.
SELECT 6, concat('is a member of ', rolname) FROM able
WHERE rolname LIKE 'pg\_%'
AND rolname NOT IN ('pg_monitor', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables')
UNION
SELECT 7, 'owns the database' FROM pg_database JOIN able ON datdba = able.oid WHERE datname = current_database()
UNION
SELECT 8, 'owns the schema' FROM here JOIN able ON nspowner = able.oid
UNION
SELECT 9, concat('owns ', relname)
FROM pg_class JOIN here ON relnamespace = here.oid JOIN able ON relowner = able.oid WHERE relkind = 'r'
UNION
SELECT 9, concat('owns ', proname, '()')
FROM pg_proc JOIN here ON pronamespace = here.oid JOIN able ON proowner = able.oid
UNION
SELECT 10, 'may create schemas in the database' FROM able
WHERE has_database_privilege(able.oid, current_database(), 'CREATE')
UNION
SELECT 11, 'may create objects in the schema' FROM able CROSS JOIN here
WHERE has_schema_privilege(able.oid, here.oid, 'CREATE')
UNION
SELECT 12, 'may set session_replication_role' FROM able
WHERE has_parameter_privilege(able.oid, 'session_replication_role', 'SET')
UNION
SELECT 13, concat('may hand on its rights on ', relname)
FROM pg_class JOIN here ON relnamespace = here.oid
CROSS JOIN aclexplode(relacl) AS given JOIN able ON able.oid = grantee
WHERE is_grantable AND relname = ANY (:tables) AND relowner <> able.oid
ORDER BY 1, 2
