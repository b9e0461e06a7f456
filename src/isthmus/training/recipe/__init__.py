"""The recipe of a training, and the file it is read from."""
