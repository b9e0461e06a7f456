"""The formats in which files hold weights."""
