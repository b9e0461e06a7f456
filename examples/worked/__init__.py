"""The worked examples of `examples/any_network.py`."""
