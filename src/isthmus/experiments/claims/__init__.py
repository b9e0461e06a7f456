"""One claim of the paper a module: its `run` computes. Words: `prose/NAME.toml`, networks: `recipes/`."""
