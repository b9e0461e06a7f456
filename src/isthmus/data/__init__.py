"""Examples in a fixed order: one source a file."""
