"""Points of weight space: state dicts, their arithmetic, and checkpoints on disk."""
