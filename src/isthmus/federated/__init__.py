"""Federated training in which only chosen layers are averaged."""
