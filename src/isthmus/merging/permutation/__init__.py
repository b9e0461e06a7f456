"""Which units of a network may change places, and the change that brings one network nearest to another."""
