"""Per-example loss and error at many points."""
