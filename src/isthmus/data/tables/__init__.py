"""Tables of rows: texts or numbers, with the column that holds what is right."""
