"""Results in, picture or page out; nothing is computed here."""
