"""Numbers about points."""
