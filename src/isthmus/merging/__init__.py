"""Merging: the chosen layers averaged, as a network that other tools go on with."""
