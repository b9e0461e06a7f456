"""The points that a question needs: one question a file."""
