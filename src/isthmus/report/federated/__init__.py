"""Pictures, sentences and tables of a federated training."""
