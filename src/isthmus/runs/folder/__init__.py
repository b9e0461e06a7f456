"""The folder of a run: its layout, its record, its tables, how they are read."""
