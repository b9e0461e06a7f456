"""A plain training loop for the networks that isthmus makes itself."""
