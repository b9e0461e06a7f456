"""Isthmus: which layers of two trained networks can be averaged, at what cost, and why."""
