"""Intervals: of means, maxima, ratios, and of samples that grow until they are tight."""
