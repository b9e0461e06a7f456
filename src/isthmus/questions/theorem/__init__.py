"""Deep linear networks are convex along every layer."""
