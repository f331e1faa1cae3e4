"""Storage: tables, migrations, and the unit of work over SQLite or PostgreSQL."""
