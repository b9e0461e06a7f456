"""Losses and errors of single examples, and what is checked and said about them."""
