"""Is the loss convex along a cut?"""
