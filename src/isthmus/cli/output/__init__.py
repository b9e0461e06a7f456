"""What commands print: results, notes, JSON, the exit status."""
