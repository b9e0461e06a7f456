"""The language of a result: its variables, its rows, its Dataset."""
