"""Which way to move from one point of weight space to another."""
