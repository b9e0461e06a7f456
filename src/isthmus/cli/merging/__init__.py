"""The commands that write a network made of two."""
