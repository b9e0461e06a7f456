"""The networks that isthmus itself knows by name."""
