"""The networks of a recipe, trained into a folder each."""
