"""Two networks, a model and data: loaded, checked, laid out."""
