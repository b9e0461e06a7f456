"""Pictures, table and terminal text of barriers and rises, a row a layer."""
