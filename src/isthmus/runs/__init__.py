"""A measurement, in memory and on disk."""
