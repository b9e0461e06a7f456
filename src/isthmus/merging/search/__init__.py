"""The largest set of layers that averages within a tolerance: its search, its certificate, what else there is."""
