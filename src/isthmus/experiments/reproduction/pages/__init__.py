"""The page of a reproduction, and what of it stands among the documents."""
