"""What operators do to the axes of their tensors, one family a file."""
