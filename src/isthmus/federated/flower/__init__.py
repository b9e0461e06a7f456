"""Partial averaging on Flower (extra `federated`): in simulation, or between machines."""
