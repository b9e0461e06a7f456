"""One claim of the paper a file: each module has a `CLAIM`, and its recipes stand in `recipes/NAME-SCALE.toml`."""
