"""Networks by name: one family a file, and a registry."""
