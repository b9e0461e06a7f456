"""What all studies share: their settings, their folder, their table."""
