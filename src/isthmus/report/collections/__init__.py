"""Pictures and tables of several pairs or steps."""
