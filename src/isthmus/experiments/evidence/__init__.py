"""What a claim reads from its measurements, and the verdict about it."""
