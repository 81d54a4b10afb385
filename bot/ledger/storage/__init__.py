"""Storage: the database, its schema and how it is migrated."""
