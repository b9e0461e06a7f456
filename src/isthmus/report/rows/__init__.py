"""Pictures of rows other than single layers: growing groups, windows, directions."""
