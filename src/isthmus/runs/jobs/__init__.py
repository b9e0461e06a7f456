"""A measurement as jobs of workers: members of a collection, and units of one measurement."""
