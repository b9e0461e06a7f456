"""What came out of a federated training: its tables, and the numbers that are said of it."""
