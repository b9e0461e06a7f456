"""Blocks of coordinates: which keys are analysed together, and in which order."""
