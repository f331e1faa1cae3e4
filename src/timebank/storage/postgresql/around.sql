-- Whether a role (:role) may use the current schema, and where it or PUBLIC was granted CREATE: SCHEMA, DATABASE.
WITH grantee AS (
    SELECT oid FROM pg_roles WHERE rolname = :role
    UNION ALL
    SELECT 0
), given AS (
    SELECT 'SCHEMA' AS kind, acl.* FROM pg_namespace
    CROSS JOIN aclexplode(coalesce(nspacl, acldefault('n', nspowner))) AS acl WHERE nspname = current_schema()
    UNION ALL
    SELECT 'DATABASE' AS kind, acl.* FROM pg_database
    CROSS JOIN aclexplode(coalesce(datacl, acldefault('d', datdba))) AS acl WHERE datname = current_database()
)
SELECT
    has_schema_privilege(:role, current_schema(), 'USAGE'),
    ARRAY(SELECT DISTINCT kind FROM given JOIN grantee ON grantee.oid = given.grantee WHERE privilege_type = 'CREATE')
