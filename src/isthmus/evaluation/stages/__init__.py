"""The shared engine's stages: exported, cut, planned, costed."""
