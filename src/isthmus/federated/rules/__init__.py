"""Which layers each client averages in a round: one rule a file, one signature."""
