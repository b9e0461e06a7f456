"""Data over the clients of federated learning."""
